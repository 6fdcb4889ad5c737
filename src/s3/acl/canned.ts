import { ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY } from "../../auth/policy/acl.ts";
import type { Acl, AclPermission, Grant } from "../../metadata/bucket/documents.ts";
import { invalidArgument } from "../errors.ts";

/** Accounts by their canonical ids. */
export interface AclOwners {
  /** Of the bucket or the object that the ACL is for. */
  readonly owner: string;
  readonly bucketOwner: string;
}

const FOR_BOTH: Readonly<Record<string, readonly Grant[]>> = {
  private: [],
  "public-read": [toGroup(ALL_USERS, "READ")],
  "public-read-write": [toGroup(ALL_USERS, "READ"), toGroup(ALL_USERS, "WRITE")],
  "authenticated-read": [toGroup(AUTHENTICATED_USERS, "READ")],
};

/** An ACL by its name ("Canned ACL", Amazon S3 User Guide). @throws ServiceError InvalidArgument */
export function cannedAcl(name: string, kind: "bucket" | "object", { owner, bucketOwner }: AclOwners): Acl {
  const own = toUser(owner, "FULL_CONTROL");
  const common = Object.hasOwn(FOR_BOTH, name) ? FOR_BOTH[name] : undefined;
  if (common) return { grants: [...common, own] };
  if (kind === "bucket" && name === "log-delivery-write") {
    return { grants: [toGroup(LOG_DELIVERY, "WRITE"), toGroup(LOG_DELIVERY, "READ_ACP"), own] };
  }
  // Buckets ignore them, as S3 does.
  if (name === "bucket-owner-read" || name === "bucket-owner-full-control") {
    if (kind === "bucket" || owner === bucketOwner) return { grants: [own] };
    return { grants: [own, toUser(bucketOwner, name === "bucket-owner-read" ? "READ" : "FULL_CONTROL")] };
  }
  throw invalidArgument("The canned ACL is not one of those that S3 knows.", "x-amz-acl", name);
}

function toUser(canonicalId: string, permission: AclPermission): Grant {
  return { grantee: { kind: "user", canonicalId }, permission };
}

function toGroup(uri: string, permission: AclPermission): Grant {
  return { grantee: { kind: "group", uri }, permission };
}
