import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import type { Acl } from "../../metadata/bucket/documents.ts";
import type { SetObjectAclOutcome } from "../../metadata/bucket/object-acl.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { findRecord, missingObject } from "../get-object.ts";
import { findBucketOwner, findOwner, type Owner } from "../owner.ts";
import { readVersionId, versionHeader } from "../version-ids.ts";
import { readAcl } from "./bucket-acl.ts";
import { renderAcl } from "./render.ts";
import { refusePublic } from "./write-acl.ts";

/**
 * PutObjectAcl: replaces the ACL of a version; nothing else of it changes. Where ACLs are off it may say what
 * holds anyway, by the name for that or in a document, as copies of s3cmd do.
 */
export async function putObjectAcl(call: S3Call): Promise<S3Result> {
  const { ownerId, versionId: found } = await findRecord(call, "PUT");
  const config = await call.bucket.currentConfig();
  if (!aclsCount(config)) {
    const owner = await findBucketOwner(call);
    const canned = call.headers.get("x-amz-acl") ?? "bucket-owner-full-control";
    const isHarmless =
      canned === "bucket-owner-full-control" && isOwnersAlone(await readAcl(call, "object", owner, owner), owner);
    if (!isHarmless) throw s3Error("AccessControlListNotSupported");
    return { headers: versionHeader(config, found) };
  }
  const [owner, bucketOwner] = await Promise.all([findOwner(call, ownerId), findBucketOwner(call)]);
  const acl = await readAcl(call, "object", owner, bucketOwner);
  await refusePublic(call, acl, config.documents);
  const versionId = readVersionId(call);
  const outcome = await call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<SetObjectAclOutcome> =>
    index.setObjectAcl({ ...plain, key: call.key, acl, ...(versionId !== undefined && { versionId }) }),
  );
  if (outcome.outcome !== "ok") throw missingObject(call, outcome, "PUT");
  return { headers: versionHeader(call.bucket.config, outcome.object.versionId) };
}

/** GetObjectAcl: where ACLs are off, everything to the owner of the bucket. */
export async function getObjectAcl(call: S3Call): Promise<S3Result> {
  const object = await findRecord(call);
  const headers = versionHeader(call.bucket.config, object.versionId);
  if (!aclsCount(call.bucket.config)) {
    return { headers, xml: await renderAcl(call, await findBucketOwner(call), undefined) };
  }
  return { headers, xml: await renderAcl(call, await findOwner(call, object.ownerId), object.attributes.acl) };
}

function isOwnersAlone({ grants }: Acl, { canonicalId }: Owner): boolean {
  return grants.every(
    ({ grantee, permission }) =>
      grantee.kind === "user" && grantee.canonicalId === canonicalId && permission === "FULL_CONTROL",
  );
}
