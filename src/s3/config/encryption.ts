import { children, element, type XmlNode } from "../../lib/xml.ts";
import type { BucketEncryption } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { readBoolean } from "../xml-body.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  readDocument,
  readText,
  readTexts,
  requireChild,
  requireText,
} from "./document.ts";

const ROOT = "ServerSideEncryptionConfiguration";
const DEFAULT = "ApplyServerSideEncryptionByDefault";

/** What every bucket begins with: R2 encrypts all bytes at rest with keys that nobody has to manage (SSE-S3). */
const INITIAL: BucketEncryption = { bucketKeyEnabled: false };

/** PutBucketEncryption: AES256. Keys of KMS are not served. */
export async function putBucketEncryption(call: S3Call): Promise<S3Result> {
  const encryption = readEncryption(await readDocument(call, ROOT));
  await changeDocuments(call, { encryption });
  return {};
}

/** GetBucketEncryption */
export async function getBucketEncryption(call: S3Call): Promise<S3Result> {
  const { encryption = INITIAL } = await findDocuments(call);
  return {
    xml: element(
      ROOT,
      element(
        "Rule",
        element(DEFAULT, element("SSEAlgorithm", "AES256")),
        element("BucketKeyEnabled", encryption.bucketKeyEnabled),
      ),
    ),
  };
}

/** DeleteBucketEncryption: back to what the bucket began with; no bucket is without encryption. */
export async function deleteBucketEncryption(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { encryption: undefined });
  return { status: 204 };
}

function readEncryption(root: XmlNode): BucketEncryption {
  checkChildren(root, ["Rule"]);
  const rule = requireChild(root, "Rule");
  checkChildren(rule, [DEFAULT, "BucketKeyEnabled", "BlockedEncryptionTypes"]);
  for (const algorithm of children(rule, DEFAULT)) checkAlgorithm(algorithm);
  for (const blocked of children(rule, "BlockedEncryptionTypes")) refuseBlockedTypes(blocked);
  return { bucketKeyEnabled: readBoolean(readText(rule, "BucketKeyEnabled") ?? "false") };
}

function checkAlgorithm(node: XmlNode): void {
  checkChildren(node, ["SSEAlgorithm", "KMSMasterKeyID"]);
  const algorithm = requireText(node, "SSEAlgorithm");
  if (algorithm === "aws:kms" || algorithm === "aws:kms:dsse") {
    throw s3Error("NotImplemented", {
      message: `The default encryption ${algorithm} is not implemented by this deployment. Use AES256.`,
    });
  }
  if (algorithm !== "AES256") throw s3Error("MalformedXML");
  const keyId = readText(node, "KMSMasterKeyID");
  if (keyId !== undefined) {
    throw invalidArgument(
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
      "KMSMasterKeyID",
      keyId,
    );
  }
}

function refuseBlockedTypes(node: XmlNode): void {
  checkChildren(node, [], ["EncryptionType"]);
  const blocked = readTexts(node, "EncryptionType").filter((type) => type !== "NONE");
  if (blocked.length === 0) return;
  if (blocked.some((type) => type !== "SSE-C")) throw s3Error("MalformedXML");
  throw s3Error("NotImplemented", {
    message: "BlockedEncryptionTypes is not implemented by this deployment.",
  });
}
