import { element, type XmlNode } from "../../lib/xml.ts";
import type { BucketObjectLock, DefaultRetention } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { isRetentionMode } from "../lock-headers.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
  readDocument,
  readText,
  requireChild,
  requireText,
} from "./document.ts";

/** Amazon S3 User Guide, "Object Lock considerations". */
const MAX_COUNT = { Days: 36_500, Years: 100 } as const;

/**
 * PutObjectLockConfiguration: enables object lock, for ever, and sets or removes the retention that new versions
 * have by default. Those that exist stay as they are.
 */
export async function putObjectLockConfiguration(call: S3Call): Promise<S3Result> {
  const objectLock = readObjectLock(await readDocument(call, "ObjectLockConfiguration"));
  await changeDocuments(call, { objectLock }, ({ versioning }) => {
    if (versioning === "Enabled") return;
    throw s3Error("InvalidBucketState", {
      message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    });
  });
  return {};
}

/** GetObjectLockConfiguration */
export async function getObjectLockConfiguration(call: S3Call): Promise<S3Result> {
  const { objectLock } = await findDocuments(call);
  if (!objectLock) throw missingDocument(call, "ObjectLockConfigurationNotFoundError");
  const { defaultRetention } = objectLock;
  return {
    xml: element(
      "ObjectLockConfiguration",
      element("ObjectLockEnabled", "Enabled"),
      defaultRetention && element("Rule", renderRetention(defaultRetention)),
    ),
  };
}

function renderRetention({ mode, unit, count }: DefaultRetention) {
  return element("DefaultRetention", element("Mode", mode), element(unit, count));
}

function readObjectLock(root: XmlNode): BucketObjectLock {
  checkChildren(root, ["ObjectLockEnabled", "Rule"]);
  if (requireText(root, "ObjectLockEnabled").trim() !== "Enabled") throw s3Error("MalformedXML");
  if (!root.children.some(({ name }) => name === "Rule")) return {};
  const rule = requireChild(root, "Rule");
  checkChildren(rule, ["DefaultRetention"]);
  return { defaultRetention: readRetention(requireChild(rule, "DefaultRetention")) };
}

function readRetention(node: XmlNode): DefaultRetention {
  checkChildren(node, ["Mode", "Days", "Years"]);
  const mode = requireText(node, "Mode").trim();
  const [days, years] = [readText(node, "Days"), readText(node, "Years")];
  if (!isRetentionMode(mode) || (days === undefined) === (years === undefined)) throw s3Error("MalformedXML");
  const unit = days === undefined ? "Years" : "Days";
  const text = (days ?? years ?? "").trim();
  if (!/^-?\d{1,9}$/.test(text)) throw s3Error("MalformedXML");
  const count = Number(text);
  if (count < 1) throw s3Error("InvalidRetentionPeriod");
  if (count > MAX_COUNT[unit]) {
    throw s3Error("InvalidRetentionPeriod", {
      message: `Default retention period must be at most ${MAX_COUNT[unit]} ${unit.toLowerCase()}.`,
    });
  }
  return { mode, unit, count };
}
