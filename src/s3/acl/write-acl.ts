import { isPublicGrant } from "../../auth/policy/acl.ts";
import { aclsCount, blockOf } from "../../auth/policy/bucket-documents.ts";
import type { AccessRequest } from "../../lib/operation.ts";
import type { Acl, BucketDocuments } from "../../metadata/bucket/documents.ts";
import type { S3Call } from "../call.ts";
import { s3Error } from "../errors.ts";
import { findBucketOwner, findOwner, ownerOfWrites } from "../owner.ts";
import { cannedAcl } from "./canned.ts";
import { hasGrantHeaders, readGrantHeaders } from "./grants.ts";

/** What a bucket accepts whose owner owns everything in it: it says nothing else. */
const HARMLESS_ACLS = new Set(["", "bucket-owner-full-control"]);

/** What a write says of the rights to its object. */
export interface WrittenRights {
  /** The account that owns the object. */
  readonly ownerId: string;
  /** Absent: everything to the owner. */
  readonly acl?: Acl;
}

/** Whether a write brings an ACL along, which has a permission of its own. */
export function aclAccess({ headers, bucketName: bucket, key }: Pick<S3Call, "headers" | "bucketName" | "key">) {
  const accesses: AccessRequest[] = [];
  if (headers.has("x-amz-acl") || hasGrantHeaders(headers)) {
    accesses.push({ action: "s3:PutObjectAcl", bucket, key, ofNewObject: true });
  }
  return accesses;
}

/**
 * Whose the object of a write is, and its ACL. Asks the index only where a header says something.
 * @throws ServiceError AccessControlListNotSupported, AccessDenied (BlockPublicAcls), InvalidArgument, …
 */
export async function readWrittenRights(call: S3Call): Promise<WrittenRights> {
  const { headers } = call;
  const canned = headers.get("x-amz-acl");
  if (canned === null && !hasGrantHeaders(headers)) return { ownerId: ownerOfWrites(call) };
  const config = await call.bucket.currentConfig();
  if (!aclsCount(config)) {
    const harmless = HARMLESS_ACLS.has(canned ?? "") || (canned === "private" && isOwner(call, config.accountId));
    if (hasGrantHeaders(headers) || !harmless) throw s3Error("AccessControlListNotSupported");
    return { ownerId: ownerOfWrites(call) };
  }
  const preferred = config.documents?.objectOwnership === "BucketOwnerPreferred";
  if (preferred && canned === "bucket-owner-full-control") return { ownerId: config.accountId };
  const ownerId = ownerOfWrites(call);
  const [owner, bucketOwner] = await Promise.all([findOwner(call, ownerId), findBucketOwner(call)]);
  const owners = { owner: owner.canonicalId, bucketOwner: bucketOwner.canonicalId };
  const acl = await readAclHeaders(call, "object", owners);
  if (acl) await refusePublic(call, acl, config.documents);
  return { ownerId, ...(acl && { acl }) };
}

/**
 * To the owner of the bucket `private` says the same as `bucket-owner-full-control`: rclone before 1.61 and copies of
 * s3cmd name it without being asked to.
 */
function isOwner({ identity }: S3Call, accountId: string): boolean {
  return identity.kind === "account" && identity.account.id === accountId;
}

/** The ACL that headers name, by its name or by grants; undefined where they name none. */
export async function readAclHeaders(
  { headers, directory }: Pick<S3Call, "headers" | "directory">,
  kind: "bucket" | "object",
  owners: { readonly owner: string; readonly bucketOwner: string },
): Promise<Acl | undefined> {
  const canned = headers.get("x-amz-acl");
  const granted = hasGrantHeaders(headers);
  if (canned && granted) {
    throw s3Error("InvalidRequest", { message: "Specifying both Canned ACLs and Header Grants is not allowed" });
  }
  if (granted) return readGrantHeaders(headers, { directory });
  return canned ? cannedAcl(canned, kind, owners) : undefined;
}

/** Throws AccessDenied for an ACL that lets everybody in, where BlockPublicAcls is on. */
export async function refusePublic(
  { directory, bucket }: Pick<S3Call, "directory" | "bucket">,
  acl: Acl,
  documents: BucketDocuments | undefined,
): Promise<void> {
  if (!acl.grants.some(isPublicGrant)) return;
  const account = await directory.findAccount(bucket.config.accountId);
  if (blockOf(documents ? { documents } : {}, account?.publicAccessBlock).blockPublicAcls)
    throw s3Error("AccessDenied");
}
