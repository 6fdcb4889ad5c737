import { decodePercent } from "../lib/percent.ts";
import type { AccessRequest } from "../lib/operation.ts";
import type { S3Call } from "./call.ts";
import { invalidArgument } from "./errors.ts";
import { writeAccess } from "./tags.ts";
import { checkVersionId } from "./version-ids.ts";

/** The object that a copy reads. */
export interface CopySource {
  readonly bucketName: string;
  readonly key: string;
  readonly versionId?: string;
}

/**
 * `x-amz-copy-source`: `bucket/key` or `/bucket/key`, percent-encoded, with an optional `?versionId=`.
 * The `?` is looked for before decoding, so that a key may contain one. Access point ARNs name nothing here.
 */
export function readCopySource(call: Pick<S3Call, "headers">): CopySource {
  const header = call.headers.get("x-amz-copy-source") ?? "";
  const [path = "", versionId] = header.split("?versionId=", 2);
  const source = decodePercent(path.includes("+") ? path.replaceAll("+", " ") : path).replace(/^\//, "");
  const slash = source.indexOf("/");
  if (slash <= 0 || slash === source.length - 1) {
    throw invalidArgument("Invalid copy source object key", "x-amz-copy-source", "x-amz-copy-source");
  }
  if (versionId !== undefined) checkVersionId(decodePercent(versionId), "x-amz-copy-source", header);
  return {
    bucketName: source.slice(0, slash),
    key: source.slice(slash + 1),
    ...(versionId === undefined ? {} : { versionId: decodePercent(versionId) }),
  };
}

/** A copy reads its source and writes its destination; both must be allowed. */
export function copyAccess(call: S3Call): readonly AccessRequest[] {
  const source = readCopySource(call);
  const action = source.versionId === undefined ? "s3:GetObject" : "s3:GetObjectVersion";
  const { bucketName: bucket, key, versionId } = source;
  return [...writeAccess(call), { action, bucket, key, ...(versionId !== undefined && { versionId }) }];
}
