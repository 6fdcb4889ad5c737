import type { HeaderFields } from "../lib/header-fields.ts";
import type { AccessRequest } from "../lib/operation.ts";
import type { ObjectLock, Retention, RetentionMode } from "../metadata/bucket/documents.ts";
import type { S3Call } from "./call.ts";
import { invalidArgument, s3Error } from "./errors.ts";

/** Object lock as headers of writes and reads (PutObject; Amazon S3 User Guide, "Object Lock considerations"). */
const MODE = "x-amz-object-lock-mode";
const UNTIL = "x-amz-object-lock-retain-until-date";
const LEGAL_HOLD = "x-amz-object-lock-legal-hold";
const BYPASS = "x-amz-bypass-governance-retention";

/** The lock that a write asks for; undefined where it asks for none. */
export function readLockHeaders(headers: HeaderFields): ObjectLock | undefined {
  const retention = readRetention(headers);
  const legalHold = headers.get(LEGAL_HOLD);
  if (legalHold !== null && legalHold !== "ON" && legalHold !== "OFF") {
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", LEGAL_HOLD, legalHold);
  }
  if (!retention && !legalHold) return undefined;
  return { ...(retention && { retention }), ...(legalHold && { legalHold }) };
}

function readRetention(headers: HeaderFields): Retention | undefined {
  const mode = headers.get(MODE);
  const until = headers.get(UNTIL);
  if (mode === null && until === null) return undefined;
  if (mode === null || until === null) {
    throw invalidArgument(
      `${UNTIL} and ${MODE} must both be supplied`,
      mode === null ? UNTIL : MODE,
      mode ?? until ?? "",
    );
  }
  if (!isRetentionMode(mode)) throw invalidArgument("Unknown wormMode directive.", MODE, mode);
  const time = parseIsoTime(until);
  if (time === undefined) {
    throw invalidArgument("The retain until date must be provided in ISO 8601 format", UNTIL, until);
  }
  checkRetentionTime(time, UNTIL, until);
  return { mode, until: time };
}

export function isRetentionMode(text: string): text is RetentionMode {
  return text === "GOVERNANCE" || text === "COMPLIANCE";
}

/** Milliseconds since the epoch; undefined for what is no time of ISO 8601 with its zone. */
export function parseIsoTime(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

export function checkRetentionTime(time: number, name: string, sent: string): void {
  if (time <= Date.now()) throw invalidArgument("The retain until date must be in the future!", name, sent);
}

/** Each part of a lock has a permission of its own. */
export function lockAccess({ headers, bucketName: bucket, key }: Pick<S3Call, "headers" | "bucketName" | "key">) {
  const accesses: AccessRequest[] = [];
  if (headers.has(MODE) || headers.has(UNTIL))
    accesses.push({ action: "s3:PutObjectRetention", bucket, key, withWrite: true });
  if (headers.has(LEGAL_HOLD)) {
    accesses.push({ action: "s3:PutObjectLegalHold", bucket, key, withWrite: true });
  }
  return accesses;
}

/** Whether the caller wants to override governance mode; what that needs is among the operation's accesses. */
export function wantsBypass(headers: HeaderFields): boolean {
  return headers.get(BYPASS)?.toLowerCase() === "true";
}

/** The permission that the request needs beside the operation's own, if it wants to override governance mode. */
export function bypassAccess({ headers, bucketName: bucket, key }: S3Call): readonly AccessRequest[] {
  if (!wantsBypass(headers)) return [];
  return [{ action: "s3:BypassGovernanceRetention", bucket, ...(key !== "" && { key }) }];
}

/** The lock of a version as headers of its reads. */
export function renderLockHeaders(lock: ObjectLock | undefined): Record<string, string> {
  const { retention, legalHold } = lock ?? {};
  return {
    ...(retention && { [MODE]: retention.mode, [UNTIL]: new Date(retention.until).toISOString() }),
    ...(legalHold && { [LEGAL_HOLD]: legalHold }),
  };
}

/** A write, or a read of a lock, in a bucket that has none to give. */
export function missingObjectLock() {
  return s3Error("InvalidRequest", { message: "Bucket is missing Object Lock Configuration" });
}

export function protectedByLock() {
  return s3Error("AccessDenied", { message: "Access Denied because object protected by object lock." });
}
