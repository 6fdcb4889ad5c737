import type { AccessRequest } from "../lib/operation.ts";
import { element, type XmlNode } from "../lib/xml.ts";
import type { SetObjectLockCall, SetObjectLockOutcome } from "../metadata/bucket/object-lock.ts";
import type { ObjectLock, Retention } from "../metadata/bucket/documents.ts";
import type { ObjectRecord } from "../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkChildren, readDocument, readText } from "./config/document.ts";
import { s3Error } from "./errors.ts";
import { findRecord, missingObject } from "./get-object.ts";
import {
  bypassAccess,
  checkRetentionTime,
  isRetentionMode,
  missingObjectLock,
  parseIsoTime,
  protectedByLock,
  wantsBypass,
} from "./lock-headers.ts";
import { readVersionId, versionHeader } from "./version-ids.ts";

/** PutObjectRetention: until when a version is kept. An empty document takes the retention away. */
export async function putObjectRetention(call: S3Call): Promise<S3Result> {
  const retention = readRetention(await readDocument(call, "Retention")) ?? "none";
  return setLock(call, { retention });
}

/** GetObjectRetention */
export async function getObjectRetention(call: S3Call): Promise<S3Result> {
  const { object, lock } = await findLock(call);
  if (!lock?.retention) throw s3Error("NoSuchObjectLockConfiguration");
  const { mode, until } = lock.retention;
  return {
    headers: versionHeader(call.bucket.config, object.versionId),
    xml: element("Retention", element("Mode", mode), element("RetainUntilDate", new Date(until).toISOString())),
  };
}

/** PutObjectLegalHold: keeps a version until the hold is taken away. */
export async function putObjectLegalHold(call: S3Call): Promise<S3Result> {
  const root = await readDocument(call, "LegalHold");
  checkChildren(root, ["Status"]);
  const status = readText(root, "Status");
  if (status !== "ON" && status !== "OFF") throw s3Error("MalformedXML");
  return setLock(call, { legalHold: status });
}

/** GetObjectLegalHold */
export async function getObjectLegalHold(call: S3Call): Promise<S3Result> {
  const { object, lock } = await findLock(call);
  if (!lock?.legalHold) throw s3Error("NoSuchObjectLockConfiguration");
  return {
    headers: versionHeader(call.bucket.config, object.versionId),
    xml: element("LegalHold", element("Status", lock.legalHold)),
  };
}

/** Overriding governance mode needs a permission beside the one to set retention. */
export function retentionAccess(call: S3Call): readonly AccessRequest[] {
  const { bucketName: bucket, key } = call;
  return [{ action: "s3:PutObjectRetention", bucket, key }, ...bypassAccess(call)];
}

async function setLock(call: S3Call, change: Pick<SetObjectLockCall, "retention" | "legalHold">): Promise<S3Result> {
  const versionId = readVersionId(call);
  const outcome = await call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<SetObjectLockOutcome> =>
    index.setObjectLock({
      ...plain,
      ...change,
      key: call.key,
      bypassGovernance: wantsBypass(call.headers),
      ...(versionId !== undefined && { versionId }),
    }),
  );
  if (outcome.outcome === "ok") return { headers: versionHeader(call.bucket.config, outcome.object.versionId) };
  if (outcome.outcome === "no-object-lock") throw missingObjectLock();
  if (outcome.outcome === "locked") throw protectedByLock();
  throw missingObject(call, outcome, "PUT");
}

async function findLock(call: S3Call): Promise<{ object: ObjectRecord; lock: ObjectLock | undefined }> {
  const object = await findRecord(call);
  if (!call.bucket.config.documents?.objectLock) throw missingObjectLock();
  return { object, lock: object.attributes.lock };
}

function readRetention(root: XmlNode): Retention | undefined {
  checkChildren(root, ["Mode", "RetainUntilDate"]);
  const mode = readText(root, "Mode")?.trim();
  const until = readText(root, "RetainUntilDate")?.trim();
  if (mode === undefined && until === undefined) return undefined;
  if (mode === undefined || until === undefined || !isRetentionMode(mode)) throw s3Error("MalformedXML");
  const time = parseIsoTime(until);
  if (time === undefined) throw s3Error("MalformedXML");
  checkRetentionTime(time, "RetainUntilDate", until);
  return { mode, until: time };
}
