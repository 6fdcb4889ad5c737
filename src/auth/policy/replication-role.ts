import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { type ConditionKeys, isAmbiguous, keysOf, type KeyUse, sideOf } from "../kms/key-access.ts";
import { formatKeyArn } from "../kms/key-names.ts";
import type { FoundKey } from "../kms/keyring.ts";
import { describeRoleSession, formatEntityArn, type Granted } from "../principals.ts";
import { findAwsPolicy } from "./aws-policies.ts";
import { bucketPolicyOf } from "./bucket-documents.ts";
import { type AccountCaller, evaluate, type PolicyRequest } from "./evaluate.ts";
import { parsePolicy } from "./parse.ts";
import type { ConditionContext } from "./policy.ts";

/** What S3 calls the sessions in which it replicates. */
const SESSION = "s3-replication";
const S3 = { kind: "service", service: "s3.amazonaws.com" } as const;
const ROLE_ARN = /^arn:aws:iam::(\d{12}):role\/((?:.+\/)?)([^/]+)$/;

/** The account and the name in a role's ARN. */
export function parseRoleArn(arn: string): { readonly accountId: string; readonly name: string } | undefined {
  const [, accountId, , name] = ROLE_ARN.exec(arn) ?? [];
  return accountId === undefined || name === undefined ? undefined : { accountId, name };
}

/**
 * Whoever replicates from a bucket: a session of the role, as which S3 must be trusted. A role that never was is a
 * label: it may do what its account may (docs/iam.md). Undefined: the role does not trust S3.
 */
export function replicatorOf(
  roleArn: string,
  accountId: string,
  granted: Granted | undefined,
  source: BucketConfig,
): AccountCaller | undefined {
  if (!granted) {
    const name = parseRoleArn(roleArn)?.name ?? "";
    const arn = `arn:aws:sts::${accountId}:assumed-role/${name}/${SESSION}`;
    return { kind: "account", accountId, principal: { arn, roleArn, permissions: EVERYTHING } };
  }
  const { role } = granted.entity;
  if (!role || formatEntityArn(accountId, granted.entity) !== roleArn) return undefined;
  const trust = { name: `trust of ${granted.entity.name}`, policy: parsePolicy(role.trust, "trust") };
  const values = { "aws:sourcearn": `arn:aws:s3:::${source.name}`, "aws:sourceaccount": source.accountId };
  const request = { caller: S3, action: "sts:AssumeRole", resource: roleArn, context: contextOf(values) };
  if (!evaluate(request, { ownerId: accountId, policies: [trust] }).allowed) return undefined;
  return { kind: "account", accountId, principal: describeRoleSession(accountId, granted, SESSION) };
}

/** Whether the replicator may do this with a key of a bucket, by its own policies and the bucket's. */
export function mayReplicate(caller: AccountCaller, action: string, bucket: BucketConfig, key: string): boolean {
  const policy = bucketPolicyOf(bucket);
  const request = requestOf(caller, action, `arn:aws:s3:::${bucket.name}/${key}`);
  return evaluate(request, {
    ownerId: bucket.accountId,
    policies: policy ? [{ name: `bucket ${bucket.name}`, policy }] : [],
  }).allowed;
}

/** Whether the replicator may use a KMS key through S3, by its own policies and the key's. */
export function mayUseKey(caller: AccountCaller, found: FoundKey, use: KeyUse, region: string): boolean {
  if (isAmbiguous(use.context)) return false;
  const resource = formatKeyArn(region, found.accountId, found.key.id);
  const request = requestOf(caller, use.action, resource, keysOf(found, use, region, caller.accountId));
  return evaluate(request, sideOf(found, region)).allowed;
}

/** `keys`: condition keys of the service, the names in lower case. */
function requestOf(caller: AccountCaller, action: string, resource: string, keys: ConditionKeys = {}): PolicyRequest {
  const { accountId, principal } = caller;
  const context = contextOf({
    "aws:principalaccount": accountId,
    "aws:principalarn": principal?.roleArn ?? principal?.arn ?? "",
    "aws:principaltype": "AssumedRole",
    ...keys,
  });
  return { caller, action, resource, context };
}

function contextOf(own: ConditionKeys): ConditionContext {
  const now = new Date();
  const values: ConditionKeys = {
    "aws:securetransport": "true",
    "aws:viaawsservice": "true",
    "aws:currenttime": now.toISOString(),
    "aws:epochtime": String(Math.floor(now.getTime() / 1000)),
    ...own,
  };
  return (key) => {
    const value = values[key];
    return typeof value === "string" ? [value] : value;
  };
}

const ADMINISTRATOR = findAwsPolicy("arn:aws:iam::aws:policy/AdministratorAccess")!;
const EVERYTHING = {
  identity: [{ name: ADMINISTRATOR.name, policy: parsePolicy(ADMINISTRATOR.document, "identity") }],
};
