import { children, element, optionalElement, type XmlNode } from "../../lib/xml.ts";
import type { BucketEncryption, KmsDefault } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { readBoolean } from "../xml-body.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
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
/** What buckets began with before January 2023. R2 encrypts all the same. */
export const UNSET_ENCRYPTION: BucketEncryption = { ...INITIAL, unset: true };

/** PutBucketEncryption. Whether the key exists is found out when it is used, as on AWS. */
export async function putBucketEncryption(call: S3Call): Promise<S3Result> {
  const encryption = readEncryption(await readDocument(call, ROOT));
  await changeDocuments(call, { encryption });
  return {};
}

/** GetBucketEncryption */
export async function getBucketEncryption(call: S3Call): Promise<S3Result> {
  const { encryption = INITIAL } = await findDocuments(call);
  if (encryption.unset) throw missingDocument(call, "ServerSideEncryptionConfigurationNotFoundError");
  return {
    xml: element(
      ROOT,
      element(
        "Rule",
        element(
          DEFAULT,
          element("SSEAlgorithm", encryption.kms?.algorithm ?? "AES256"),
          optionalElement("KMSMasterKeyID", encryption.kms?.keyName),
        ),
        element("BucketKeyEnabled", encryption.bucketKeyEnabled),
        encryption.blocksCustomerKeys && element("BlockedEncryptionTypes", element("EncryptionType", "SSE-C")),
      ),
    ),
  };
}

/** DeleteBucketEncryption: back to what buckets begin with; none is without encryption. */
export async function deleteBucketEncryption(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { encryption: call.settings.openBuckets ? UNSET_ENCRYPTION : undefined });
  return { status: 204 };
}

function readEncryption(root: XmlNode): BucketEncryption {
  checkChildren(root, ["Rule"]);
  const rule = requireChild(root, "Rule");
  checkChildren(rule, [DEFAULT, "BucketKeyEnabled", "BlockedEncryptionTypes"]);
  const kms = children(rule, DEFAULT).map(readAlgorithm).at(0);
  const blocksCustomerKeys = children(rule, "BlockedEncryptionTypes").some(blocksSseC);
  return {
    bucketKeyEnabled: readBoolean(readText(rule, "BucketKeyEnabled") ?? "false"),
    ...(kms && { kms }),
    ...(blocksCustomerKeys && { blocksCustomerKeys }),
  };
}

/** Undefined for AES256. */
function readAlgorithm(node: XmlNode): KmsDefault | undefined {
  checkChildren(node, ["SSEAlgorithm", "KMSMasterKeyID"]);
  const algorithm = requireText(node, "SSEAlgorithm");
  const keyName = readText(node, "KMSMasterKeyID") || undefined;
  if (algorithm === "aws:kms" || algorithm === "aws:kms:dsse") {
    return { algorithm, ...(keyName !== undefined && { keyName }) };
  }
  if (algorithm !== "AES256") throw s3Error("MalformedXML");
  if (keyName === undefined) return undefined;
  throw invalidArgument(
    "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
    "KMSMasterKeyID",
    keyName,
  );
}

function blocksSseC(node: XmlNode): boolean {
  checkChildren(node, [], ["EncryptionType"]);
  const types = readTexts(node, "EncryptionType");
  if (types.some((type) => type !== "SSE-C" && type !== "NONE")) throw s3Error("MalformedXML");
  return types.includes("SSE-C");
}
