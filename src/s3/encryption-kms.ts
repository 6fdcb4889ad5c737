import { parseCiphertext } from "../auth/kms/ciphertext.ts";
import { requireKeyUse } from "../auth/kms/key-access.ts";
import { formatKeyArn, parseKeyName } from "../auth/kms/key-names.ts";
import type { FoundKey } from "../auth/kms/keyring.ts";
import type { ObjectEncryption } from "../lib/object-encryption.ts";
import type { S3Call } from "./call.ts";
import type { KmsEncryption } from "./encryption-headers.ts";
import { s3Error } from "./errors.ts";

type KmsRecord = Extract<ObjectEncryption, { kind: "kms" }>;

/** A data key of the version's own, for its body, and encrypted under the KMS key, to be kept with it. */
export async function encryptWithKms(
  call: S3Call,
  { algorithm, keyName, context: asked, bucketKeyEnabled }: KmsEncryption,
): Promise<{ readonly record: KmsRecord; readonly key: Uint8Array }> {
  const accountId = requireAccount(call);
  const found =
    keyName === undefined ? await call.keyring.findS3Key(accountId) : await findKey(call, accountId, keyName);
  // As on AWS, where it appears in the audit log of the key.
  const context = { "aws:s3:arn": `arn:aws:s3:::${call.bucketName}/${call.key}`, ...asked };
  authorise(call, found, "kms:GenerateDataKey", context);
  checkUsable(call, found);
  const { plaintext, ciphertext } = await call.keyring.createDataKey(found, context);
  const inherited = call.bucket.config.documents?.encryption?.bucketKeyEnabled ?? false;
  const record: KmsRecord = {
    kind: "kms",
    algorithm,
    keyId: arnOf(call, found),
    dataKey: Buffer.from(ciphertext).toString("base64"),
    context,
    // Data keys are opened here without a request to KMS each: what a bucket key saves on AWS.
    bucketKeyEnabled: algorithm === "aws:kms" && (bucketKeyEnabled ?? inherited),
  };
  return { record, key: plaintext };
}

/** The data key of a version. @throws ServiceError when its KMS key is disabled, gone, or not for the caller */
export async function openDataKey(call: S3Call, { dataKey, context, keyId }: KmsRecord): Promise<Uint8Array> {
  requireAccount(call);
  const ciphertext = parseCiphertext(Buffer.from(dataKey, "base64"));
  if (!ciphertext) throw s3Error("KMS.InvalidCiphertextException");
  const found = await call.keyring.find({ accountId: ciphertext.accountId, name: ciphertext.keyId });
  if (!found) throw s3Error("KMS.NotFoundException", { message: `Key '${keyId}' does not exist` });
  authorise(call, found, "kms:Decrypt", context);
  checkUsable(call, found);
  const opened = await call.keyring.decrypt(found, ciphertext, context);
  if (!opened) throw s3Error("KMS.InvalidCiphertextException");
  return opened.plaintext;
}

export function kmsHeaders({ algorithm, keyId, bucketKeyEnabled }: KmsRecord): Record<string, string> {
  return {
    "x-amz-server-side-encryption": algorithm,
    "x-amz-server-side-encryption-aws-kms-key-id": keyId,
    ...(bucketKeyEnabled && { "x-amz-server-side-encryption-bucket-key-enabled": "true" }),
  };
}

async function findKey(call: S3Call, accountId: string, text: string): Promise<FoundKey> {
  const name = parseKeyName(text, accountId);
  const here = name && (name.region === undefined || name.region === call.settings.region);
  const own = name?.accountId === accountId;
  const reachable = here && (own || (await call.directory.findAccount(name.accountId)) !== undefined);
  const found = reachable ? await call.keyring.find(name) : undefined;
  // Whoever names the key of another account does not learn whether it exists.
  if (!found && name && !own) throw s3Error("AccessDenied");
  if (!found) throw s3Error("KMS.NotFoundException", { message: `Invalid keyId '${text}'` });
  return found;
}

/** S3 uses keys for its caller, whose rights decide. */
function authorise(call: S3Call, found: FoundKey, action: string, context: KmsRecord["context"]): void {
  const { identity, origin, clientAddress, headers } = call;
  const facts = { identity, origin, clientAddress, headers, region: call.settings.region };
  requireKeyUse(facts, found, { action, context, via: "s3" });
}

function checkUsable(call: S3Call, found: FoundKey): void {
  const { state } = found.key;
  if (state === "Enabled") return;
  const arn = arnOf(call, found);
  if (state === "Disabled") throw s3Error("KMS.DisabledException", { message: `${arn} is disabled.` });
  throw s3Error("KMS.KMSInvalidStateException", { message: `${arn} is pending deletion.` });
}

function arnOf({ settings }: S3Call, { accountId, key }: FoundKey): string {
  return formatKeyArn(settings.region, accountId, key.id);
}

function requireAccount({ identity }: S3Call): string {
  if (identity.kind === "account") return identity.account.id;
  throw s3Error("InvalidArgument", {
    message: "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
  });
}
