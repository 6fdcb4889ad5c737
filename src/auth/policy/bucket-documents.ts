import type { BucketDocuments, PublicAccessBlock } from "../../metadata/bucket/documents.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { parsePolicy } from "./parse.ts";
import type { Policy } from "./policy.ts";
import { isPublicPolicy } from "./public-policy.ts";

/** What buckets begin with, as on AWS since April 2023. */
export const INITIAL_BLOCK: PublicAccessBlock = {
  blockPublicAcls: true,
  ignorePublicAcls: true,
  blockPublicPolicy: true,
  restrictPublicBuckets: true,
};
const NOTHING_BLOCKED: PublicAccessBlock = {
  blockPublicAcls: false,
  ignorePublicAcls: false,
  blockPublicPolicy: false,
  restrictPublicBuckets: false,
};

/** Read once for each configuration that an isolate has; a change makes another one. */
const policies = new WeakMap<BucketDocuments, Policy>();
const publicPolicies = new WeakMap<BucketDocuments, boolean>();

/** The bucket's policy; undefined where it has none. */
export function bucketPolicyOf({ documents }: Pick<BucketConfig, "documents">): Policy | undefined {
  if (documents?.policy === undefined) return undefined;
  const known = policies.get(documents);
  if (known) return known;
  const policy = parsePolicy(documents.policy, "resource");
  policies.set(documents, policy);
  return policy;
}

export function isBucketPolicyPublic(config: Pick<BucketConfig, "documents">): boolean {
  const { documents } = config;
  const policy = bucketPolicyOf(config);
  if (!documents || !policy) return false;
  const known = publicPolicies.get(documents);
  if (known !== undefined) return known;
  const isPublic = isPublicPolicy(policy);
  publicPolicies.set(documents, isPublic);
  return isPublic;
}

/** Whether ACLs mean anything in the bucket. */
export function aclsCount({ documents }: Pick<BucketConfig, "documents">): boolean {
  return documents?.objectOwnership !== undefined && documents.objectOwnership !== "BucketOwnerEnforced";
}

/** What is blocked in a bucket: by itself or for all of its account. */
export function blockOf(
  { documents }: Pick<BucketConfig, "documents">,
  account: PublicAccessBlock | undefined,
): PublicAccessBlock {
  const given = documents?.publicAccessBlock ?? INITIAL_BLOCK;
  const own = given === "none" ? NOTHING_BLOCKED : given;
  if (!account) return own;
  return {
    blockPublicAcls: own.blockPublicAcls || account.blockPublicAcls,
    ignorePublicAcls: own.ignorePublicAcls || account.ignorePublicAcls,
    blockPublicPolicy: own.blockPublicPolicy || account.blockPublicPolicy,
    restrictPublicBuckets: own.restrictPublicBuckets || account.restrictPublicBuckets,
  };
}
