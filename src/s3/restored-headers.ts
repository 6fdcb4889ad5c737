import { formatHttpDate } from "../lib/http-date.ts";
import type { ObjectRecord } from "../metadata/bucket/protocol.ts";
import { isArchived } from "../metadata/bucket/restored.ts";
import { s3Error } from "./errors.ts";

/** Throws for a version whose bytes are archived. */
export function checkReadable(object: ObjectRecord): void {
  if (isArchived(object, Date.now())) throw archivedObject(object.storageClass);
}

export function archivedObject(storageClass?: string) {
  return s3Error("InvalidObjectState", { detail: storageClass === undefined ? {} : { StorageClass: storageClass } });
}

/** `x-amz-restore` of a version that is restored. */
export function restoreHeader(object: ObjectRecord): Record<string, string> {
  const { restoredUntil } = object.attributes;
  if (restoredUntil === undefined || isArchived(object, Date.now())) return {};
  return { "x-amz-restore": `ongoing-request="false", expiry-date="${formatHttpDate(restoredUntil)}"` };
}
