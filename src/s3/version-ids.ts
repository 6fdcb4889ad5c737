import type { AccessRequest } from "../lib/operation.ts";
import { isVersionId, NULL_VERSION } from "../lib/version-id.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import type { S3Call } from "./call.ts";
import { invalidArgument } from "./errors.ts";

/** The version that the request names; undefined for the latest one. */
export function readVersionId({ query }: Pick<S3Call, "query">): string | undefined {
  const versionId = query.get("versionId");
  if (versionId !== undefined) checkVersionId(versionId, "versionId", versionId);
  return versionId;
}

/** Throws for what S3 never gives to a version. `sent`: the parameter or header `name`, where it says more than the id. */
export function checkVersionId(versionId: string, name: string, sent: string): void {
  if (versionId === "") throw invalidArgument("Version id cannot be the empty string", name, sent);
  if (!isVersionId(versionId)) throw invalidArgument("Invalid version id specified", name, sent);
}

/** A version that is named by its id needs a permission of its own. */
export function versionAccess(action: string, versionAction: string): (call: S3Call) => readonly AccessRequest[] {
  return ({ query, bucketName: bucket, key }) => {
    const versionId = query.get("versionId");
    return versionId === undefined ? [{ action, bucket, key }] : [{ action: versionAction, bucket, key, versionId }];
  };
}

/** `x-amz-version-id` of a version that is read. S3 is silent about null versions until versioning was enabled once. */
export function versionHeader(
  { documents }: BucketConfig,
  versionId: string,
  name = "x-amz-version-id",
): Record<string, string> {
  return versionId === NULL_VERSION && !documents?.versioning ? {} : { [name]: versionId };
}
