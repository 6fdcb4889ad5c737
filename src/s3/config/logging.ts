import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import { mayDeliverLogs } from "../../auth/policy/log-delivery.ts";
import { children, element, type XmlElement, type XmlNode } from "../../lib/xml.ts";
import type { BucketLogging, Grant } from "../../metadata/bucket/documents.ts";
import { readGrants } from "../acl/grants.ts";
import { renderGrants } from "../acl/render.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  readDocument,
  readText,
  requireChild,
  requireText,
} from "./document.ts";

const ROOT = "BucketLoggingStatus";
const GRANTED = new Set(["FULL_CONTROL", "READ", "WRITE"]);
const DATE_SOURCES = { EventTime: "event-time", DeliveryTime: "delivery-time" } as const;

/** PutBucketLogging: an empty document turns it off. */
export async function putBucketLogging(call: S3Call): Promise<S3Result> {
  const root = await readDocument(call, ROOT);
  checkChildren(root, ["LoggingEnabled"]);
  const [enabled] = children(root, "LoggingEnabled");
  const logging = enabled && (await readLogging(call, enabled));
  if (logging) await checkTarget(call, logging);
  await changeDocuments(call, { logging });
  return {};
}

/** GetBucketLogging */
export async function getBucketLogging(call: S3Call): Promise<S3Result> {
  const { logging } = await findDocuments(call);
  return { xml: element(ROOT, logging && (await renderLogging(call, logging))) };
}

async function readLogging(call: S3Call, node: XmlNode): Promise<BucketLogging> {
  checkChildren(node, ["TargetBucket", "TargetPrefix", "TargetGrants", "TargetObjectKeyFormat"]);
  const [list] = children(node, "TargetGrants");
  const grants = list ? await readTargetGrants(call, list) : [];
  const [format] = children(node, "TargetObjectKeyFormat");
  const keyFormat = format && readKeyFormat(format);
  return {
    targetBucket: requireText(node, "TargetBucket"),
    targetPrefix: requireText(node, "TargetPrefix"),
    ...(grants.length > 0 && { grants }),
    ...(keyFormat && { keyFormat }),
  };
}

async function readTargetGrants(call: S3Call, list: XmlNode): Promise<Grant[]> {
  const grants = await readGrants(list, call);
  if (grants.some(({ permission }) => !GRANTED.has(permission))) throw s3Error("MalformedXML");
  return grants;
}

function readKeyFormat(node: XmlNode): BucketLogging["keyFormat"] {
  checkChildren(node, ["SimplePrefix", "PartitionedPrefix"]);
  if (node.children.length !== 1) throw s3Error("MalformedXML");
  if (node.children[0]!.name === "SimplePrefix") return "simple";
  const partitioned = requireChild(node, "PartitionedPrefix");
  checkChildren(partitioned, ["PartitionDateSource"]);
  const source = readText(partitioned, "PartitionDateSource") ?? "EventTime";
  if (source !== "EventTime" && source !== "DeliveryTime") throw s3Error("MalformedXML");
  return DATE_SOURCES[source];
}

/** Requirements of the User Guide, "Enabling Amazon S3 server access logging". */
async function checkTarget(call: S3Call, { targetBucket, targetPrefix, grants }: BucketLogging): Promise<void> {
  const target = await call.findConfig(targetBucket);
  const source = call.bucket.config;
  if (!target) throw refuse(targetBucket, "The target bucket for logging does not exist");
  if (target.accountId !== source.accountId) {
    throw refuse(targetBucket, "The owner for the bucket to be logged and the target bucket must be the same.");
  }
  if (target.documents?.objectLock?.defaultRetention) {
    throw refuse(targetBucket, "The target bucket for logging must not have a default retention period.");
  }
  if (target.documents?.requestPayer) {
    throw refuse(targetBucket, "The target bucket for logging must not have Requester Pays enabled.");
  }
  if (!aclsCount(target)) {
    // Its policy lets S3 write, or the records are dropped: S3 does not look at it here.
    if (grants) throw s3Error("AccessControlListNotSupported");
    return;
  }
  if (mayDeliverLogs(target, targetPrefix, source)) return;
  throw refuse(
    targetBucket,
    "You must give the log-delivery group WRITE and READ_ACP permissions to the target bucket",
  );
}

function refuse(targetBucket: string, message: string) {
  return s3Error("InvalidTargetBucketForLogging", { message, detail: { TargetBucket: targetBucket } });
}

async function renderLogging(call: S3Call, logging: BucketLogging): Promise<XmlElement> {
  const { targetBucket, targetPrefix, grants, keyFormat } = logging;
  return element(
    "LoggingEnabled",
    element("TargetBucket", targetBucket),
    grants && element("TargetGrants", await renderGrants(call, grants)),
    element("TargetPrefix", targetPrefix),
    keyFormat && element("TargetObjectKeyFormat", renderKeyFormat(keyFormat)),
  );
}

function renderKeyFormat(format: NonNullable<BucketLogging["keyFormat"]>): XmlElement {
  if (format === "simple") return element("SimplePrefix");
  const source = format === "event-time" ? "EventTime" : "DeliveryTime";
  return element("PartitionedPrefix", element("PartitionDateSource", source));
}
