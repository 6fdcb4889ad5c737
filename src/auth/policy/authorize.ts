import type { AccessRequest } from "../../lib/operation.ts";
import type { Acl, AclPermission, PublicAccessBlock, Tag } from "../../metadata/bucket/documents.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import type { Identity } from "../identity.ts";
import { findAclGrant } from "./acl.ts";
import { aclsCount, blockOf, bucketPolicyOf, isBucketPolicyPublic } from "./bucket-documents.ts";
import { type Caller, coversAction, type Decision, decideByIdentity, evaluate, type NamedPolicy } from "./evaluate.ts";
import type { ConditionContext } from "./policy.ts";

/** What is known of an object before a request is decided. */
export interface ObjectFacts {
  /** Whose it is. */
  readonly ownerId: string;
  readonly acl?: Acl;
  readonly tags?: readonly Tag[];
}

export interface AccessQuestion {
  readonly identity: Identity;
  readonly access: AccessRequest;
  /** ARN of what it is about, where the request is not about a bucket. */
  readonly resource?: string;
  readonly config?: BucketConfig | undefined;
  /** Of the owning account; asked for by `needsAccountBlock`. */
  readonly accountBlock?: PublicAccessBlock | undefined;
  /** Asked for by `needsObject`; "missing" where there is none. */
  readonly object?: ObjectFacts | "missing" | undefined;
  readonly context: ConditionContext;
}

/** What an ACL can allow: with which permission, and whose ACL ("Mapping of ACL permissions and access policy permissions"). */
const BY_BUCKET_ACL: Readonly<Record<string, Exclude<AclPermission, "FULL_CONTROL">>> = {
  "s3:ListBucket": "READ",
  "s3:ListBucketVersions": "READ",
  "s3:ListBucketMultipartUploads": "READ",
  "s3:PutObject": "WRITE",
  // Who knows the id of an upload has begun it, or may list the uploads.
  "s3:AbortMultipartUpload": "WRITE",
  "s3:ListMultipartUploadParts": "WRITE",
  "s3:GetBucketAcl": "READ_ACP",
  "s3:PutBucketAcl": "WRITE_ACP",
};
const BY_OBJECT_ACL: Readonly<Record<string, Exclude<AclPermission, "FULL_CONTROL">>> = {
  "s3:GetObject": "READ",
  "s3:GetObjectVersion": "READ",
  "s3:GetObjectAcl": "READ_ACP",
  "s3:GetObjectVersionAcl": "READ_ACP",
  "s3:PutObjectAcl": "WRITE_ACP",
  "s3:PutObjectVersionAcl": "WRITE_ACP",
};
/** What a writer may say of the object that he writes: AWS's mapping leaves it open, and a grant cannot name it. */
const WITH_WRITE = new Set(["s3:PutObjectTagging"]);
/** Of objects that belong to others as well. */
const BUCKET_OWNERS_OWN = new Set([
  "s3:BypassGovernanceRetention",
  "s3:DeleteObject",
  "s3:DeleteObjectVersion",
  "s3:PutObject",
  "s3:AbortMultipartUpload",
  "s3:ListMultipartUploadParts",
]);
/** "By default, the bucket owner has this permission and can grant this permission to others" (GetObjectTagging). */
const TAGGING = /^s3:(Get|Put|Delete)Object(Version)?Tagging$/;
/** What the root of the owning account may always do, so that no policy locks it out. */
const BUCKET_POLICY_ACTIONS = new Set(["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]);

/** The plain case, decided without looking further: the owner's root, and nothing that could say otherwise. */
export function isPlainlyOwn(identity: Identity, config: BucketConfig): boolean {
  return (
    identity.kind === "account" &&
    identity.principal === undefined &&
    identity.account.id === config.accountId &&
    config.documents?.policy === undefined &&
    !aclsCount(config)
  );
}

/** Whether the decision depends on what is blocked for the whole account. */
export function needsAccountBlock({ identity, config }: AccessQuestion): boolean {
  if (!config || isOfOwner(identity, config)) return false;
  return config.documents?.policy !== undefined || aclsCount(config);
}

/** Whether the decision depends on an object that exists: on its owner and ACL, or on its tags. */
export function needsObject({ identity, access, config }: AccessQuestion): boolean {
  if (!config || access.key === undefined || access.ofNewObject || access.withWrite) return false;
  const own = BUCKET_OWNERS_OWN.has(access.action) && isOfOwner(identity, config);
  if (aclsCount(config) && !own && isAboutOneObject(access.action)) return true;
  const statements = bucketPolicyOf(config)?.statements ?? [];
  return statements.some(
    (statement) =>
      statement.conditions.some(({ key }) => key.startsWith(EXISTING_TAG)) && coversAction(statement, access.action),
  );
}

const EXISTING_TAG = "s3:existingobjecttag/";

/**
 * Decides one access request of S3: identity-based policies, the bucket's policy, ACLs and Block Public Access.
 * The one place where S3 decides.
 */
export function decideAccess(question: AccessQuestion): Decision {
  const { identity, access, config } = question;
  const caller = callerOf(identity);
  const request = {
    caller,
    action: access.action,
    resource: resourceArn(question),
    context: withExistingTags(question),
  };
  if (!config) {
    if (caller.kind !== "account") return { allowed: false, reason: "Implicit deny: nobody signed the request" };
    return decideByIdentity(request, caller.principal?.permissions);
  }
  if (access.byEntry && mayAllowSomething(question)) return { allowed: true, reason: "Allow: decided by entry" };
  if (BUCKET_POLICY_ACTIONS.has(access.action) && isRootOfOwner(identity, config)) {
    return { allowed: true, reason: "Allow: the root of the owning account" };
  }
  const block = blockOf(config, question.accountBlock);
  const policy = bucketPolicyOf(config);
  const policies: NamedPolicy[] = policy ? [{ name: `bucket ${config.name}`, policy }] : [];
  const ownerId = ownerOf(question, config);
  const grant = findGrant(question, config, block.ignorePublicAcls);
  return evaluate(request, {
    ownerId,
    policies,
    // A bucket's policy gives away what its owner has; what others own it can only deny.
    deniesOnly: ownerId !== config.accountId || access.ofNewObject === true,
    restricted: block.restrictPublicBuckets && policy !== undefined && isBucketPolicyPublic(config),
    ...(grant !== undefined && { grant }),
  });
}

export function callerOf(identity: Identity): Caller {
  if (identity.kind === "anonymous") return identity;
  const { account, principal } = identity;
  return {
    kind: "account",
    accountId: account.id,
    canonicalId: account.canonicalId,
    ...(principal && { principal }),
  };
}

function resourceArn({ access: { bucket, key }, resource }: AccessQuestion): string {
  if (bucket === undefined) return resource ?? "*";
  return key === undefined ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`;
}

function isOfOwner(identity: Identity, { accountId }: BucketConfig): boolean {
  return isOf(identity, accountId);
}

function isOf(identity: Identity, accountId: string): boolean {
  return identity.kind === "account" && identity.account.id === accountId;
}

function isRootOfOwner(identity: Identity, { accountId }: BucketConfig): boolean {
  return identity.kind === "account" && identity.principal === undefined && identity.account.id === accountId;
}

/** Whether there is anything at all that could allow an entry: refused before a body is read otherwise. */
function mayAllowSomething({ identity, config }: AccessQuestion): boolean {
  const own = config !== undefined && isOfOwner(identity, config);
  return own || config?.documents?.policy !== undefined || (config !== undefined && aclsCount(config));
}

function isAboutOneObject(action: string): boolean {
  return /^s3:(Get|Put|Delete|Restore)Object/.test(action) && action !== "s3:PutObject";
}

/** Whose the thing is that the request is about. */
function ownerOf({ identity, access, object }: AccessQuestion, config: BucketConfig): string {
  if (access.ofNewObject) return identity.kind === "account" ? identity.account.id : config.accountId;
  if (!aclsCount(config) || typeof object !== "object" || BUCKET_OWNERS_OWN.has(access.action)) return config.accountId;
  if (TAGGING.test(access.action) && !isOf(identity, object.ownerId)) return config.accountId;
  return object.ownerId;
}

function findGrant(
  { identity, access, object }: AccessQuestion,
  config: BucketConfig,
  ignorePublic: boolean,
): string | undefined {
  if (access.ofNewObject) return "writing it";
  if (!aclsCount(config)) return undefined;
  const { documents } = config;
  const byBucket = access.withWrite && WITH_WRITE.has(access.action) ? "WRITE" : BY_BUCKET_ACL[access.action];
  if (byBucket) return findAclGrant(documents?.acl, identity, byBucket, ignorePublic);
  if (typeof object !== "object") return undefined;
  if (access.action === "s3:DeleteObject") {
    // Writers may delete what is theirs.
    const theirs = identity.kind === "account" && identity.account.id === object.ownerId;
    return theirs ? findAclGrant(documents?.acl, identity, "WRITE", ignorePublic) : undefined;
  }
  const byObject = BY_OBJECT_ACL[access.action];
  return byObject && findAclGrant(object.acl, identity, byObject, ignorePublic);
}

function withExistingTags({ object, context }: AccessQuestion): ConditionContext {
  if (typeof object !== "object" || !object.tags) return context;
  const { tags } = object;
  return (key) => {
    if (!key.startsWith(EXISTING_TAG)) return context(key);
    // Names of condition keys have no case.
    const found = tags.find((tag) => tag.key.toLowerCase() === key.slice(EXISTING_TAG.length));
    return found && [found.value];
  };
}
