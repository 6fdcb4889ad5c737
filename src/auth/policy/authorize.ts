import type { Identity } from "../identity.ts";

/** What the evaluator knows of the resource. */
export interface Resource {
  /** The account that owns the bucket, and with it (ACLs are off) the objects in it. */
  readonly ownerId: string;
}

/**
 * Decides one access request. A bucket and its objects are for the owning account alone;
 * this is the one place where bucket policies, ACLs and IAM policies join the decision.
 */
export function isAllowed(identity: Identity, _action: string, resource: Resource | undefined): boolean {
  if (identity.kind === "anonymous") return false;
  return resource === undefined || resource.ownerId === identity.account.id;
}
