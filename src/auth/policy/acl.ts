import type { Acl, AclPermission, Grant } from "../../metadata/bucket/documents.ts";
import type { Identity } from "../identity.ts";

/** Everybody, signed or not. */
export const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";
/** Every account of this deployment. */
export const AUTHENTICATED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
/** The service that writes access logs. */
export const LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery";

export const GROUPS: ReadonlySet<string> = new Set([ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY]);

/** Grants to everybody, or to everybody with an account ("The meaning of public", Amazon S3 User Guide). */
export function isPublicGrant({ grantee }: Grant): boolean {
  return grantee.kind === "group" && (grantee.uri === ALL_USERS || grantee.uri === AUTHENTICATED_USERS);
}

/**
 * What of an ACL gives the permission to the caller, in words; undefined where nothing does. `ignorePublic`:
 * IgnorePublicAcls is on.
 */
export function findAclGrant(
  acl: Acl | undefined,
  identity: Identity,
  permission: Exclude<AclPermission, "FULL_CONTROL">,
  ignorePublic: boolean,
): string | undefined {
  const found = acl?.grants.find(
    (grant) =>
      (grant.permission === permission || grant.permission === "FULL_CONTROL") &&
      !(ignorePublic && isPublicGrant(grant)) &&
      isGrantee(grant, identity),
  );
  if (!found) return undefined;
  const { grantee } = found;
  const name = grantee.kind === "group" ? grantee.uri.slice(grantee.uri.lastIndexOf("/") + 1) : grantee.canonicalId;
  return `${found.permission} to ${name} in the ACL`;
}

function isGrantee({ grantee }: Grant, identity: Identity): boolean {
  if (grantee.kind === "user") {
    return identity.kind === "account" && identity.account.canonicalId === grantee.canonicalId;
  }
  return grantee.uri === ALL_USERS || (grantee.uri === AUTHENTICATED_USERS && identity.kind === "account");
}
