import { isPublicGrant } from "../../auth/policy/acl.ts";
import { aclsCount, blockOf, isBucketPolicyPublic } from "../../auth/policy/bucket-documents.ts";
import { decideAccess } from "../../auth/policy/authorize.ts";
import { parsePolicy, PolicySyntaxError } from "../../auth/policy/parse.ts";
import { fits, hasVariable, hasWildcard, readPattern } from "../../auth/policy/patterns.ts";
import type { Policy, Principals, Statement } from "../../auth/policy/policy.ts";
import { accountOfPrincipal } from "../../auth/policy/principal-names.ts";
import { isPublicPolicy } from "../../auth/policy/public-policy.ts";
import { element } from "../../lib/xml.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { callerAccount, type S3Call, type S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { readBoundedBody } from "../xml-body.ts";
import { changeDocuments, findDocuments, missingDocument } from "./document.ts";

/** "Bucket policies are limited to 20 KB in size." */
const MAX_POLICY_BYTES = 20 * 1024;
/** Bodies a little longer are read, so that the answer says what is wrong. */
const MAX_BODY_BYTES = 1024 ** 2;
const CONFIRM_HEADER = "x-amz-confirm-remove-self-bucket-access";
const BUCKET_ARN = "arn:aws:s3:::";
const ACTION = /^(\*|s3:[\w*?-]+|s3express:[\w*?-]+|s3-object-lambda:[\w*?-]+)$/;
/** Actions on objects; the others are on buckets (Service Authorization Reference, "Actions defined by Amazon S3"). */
const OBJECT_ACTION =
  /^s3:(abortmultipartupload|listmultipartuploadparts|bypassgovernanceretention|initiatereplication|(get|put|delete|restore|replicate|update)(object|tags)(?!lambda)\w*|replicatedelete|objectowneroverridetobucketowner)$/;

/** PutBucketPolicy: who else may do what with the bucket and its objects, and who must not. */
export async function putBucketPolicy(call: S3Call): Promise<S3Result> {
  requireOwnersIdentity(call);
  const text = await readPolicyText(call);
  const policy = readBucketPolicy(text, call.bucketName);
  await checkPrincipals(call, policy);
  refuseLockout(call, policy, text);
  const { accountId } = call.bucket.config;
  const account = await call.directory.findAccount(accountId);
  await changeDocuments(call, { policy: text }, (documents) => {
    if (isPublicPolicy(policy) && blockOf({ documents }, account?.publicAccessBlock).blockPublicPolicy) {
      throw s3Error("AccessDenied", {
        message: `User: ${describeCaller(call)} is not authorized to perform: s3:PutBucketPolicy on resource: "${BUCKET_ARN}${call.bucketName}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
      });
    }
  });
  return { status: 204 };
}

/** GetBucketPolicy: the text as it was put. */
export async function getBucketPolicy(call: S3Call): Promise<S3Result> {
  requireOwnersIdentity(call);
  const { policy } = await findDocuments(call);
  if (policy === undefined) throw missingDocument(call, "NoSuchBucketPolicy");
  return { headers: { "content-type": "application/json" }, body: Buffer.from(policy) };
}

/** DeleteBucketPolicy: 204 whether or not there was one. */
export async function deleteBucketPolicy(call: S3Call): Promise<S3Result> {
  requireOwnersIdentity(call);
  await changeDocuments(call, { policy: undefined });
  return { status: 204 };
}

/**
 * GetBucketPolicyStatus: whether the policy, or an ACL that counts, lets anybody in whom it does not know ("The
 * meaning of public", Amazon S3 User Guide). A bucket without either is not public.
 */
export async function getBucketPolicyStatus(call: S3Call): Promise<S3Result> {
  const config = await call.bucket.currentConfig();
  const isPublic = isBucketPolicyPublic(config) || (await isAclPublic(call, config));
  return { xml: element("PolicyStatus", element("IsPublic", isPublic)) };
}

async function isAclPublic(call: S3Call, config: BucketConfig): Promise<boolean> {
  if (!aclsCount(config) || !config.documents?.acl?.grants.some(isPublicGrant)) return false;
  const account = await call.directory.findAccount(config.accountId);
  return !blockOf(config, account?.publicAccessBlock).ignorePublicAcls;
}

/** No policy gives the policy itself into other hands (PutBucketPolicy, "Permissions"). */
function requireOwnersIdentity({ identity, bucket }: S3Call): void {
  if (identity.kind === "account" && identity.account.id === bucket.config.accountId) return;
  throw s3Error("MethodNotAllowed", { detail: { ResourceType: "BUCKETPOLICY" } });
}

async function readPolicyText(call: S3Call): Promise<string> {
  const body = await readBoundedBody(call, MAX_BODY_BYTES);
  if (body.length === 0) throw s3Error("MissingRequestBodyError");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw malformed("This policy contains invalid Json");
  }
  return text;
}

function readBucketPolicy(text: string, bucketName: string): Policy {
  let policy: Policy;
  try {
    policy = parsePolicy(text, "resource");
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw malformed(error.message);
    throw error;
  }
  for (const statement of policy.statements) checkStatement(statement, bucketName);
  if (Buffer.byteLength(JSON.stringify(JSON.parse(text))) > MAX_POLICY_BYTES) {
    throw s3Error("PolicyTooLarge", {
      message: `Normalized policy document exceeds the maximum allowed size of ${MAX_POLICY_BYTES} bytes.`,
    });
  }
  return policy;
}

function checkStatement({ effect, principals, actions, resources, conditions }: Statement, bucketName: string): void {
  if (principals?.negated && effect === "Allow") throw malformed("Allow with NotPrincipal is not allowed");
  if (!actions.patterns.every(({ text }) => ACTION.test(text))) throw malformed("Policy has invalid action");
  const arns = resources?.patterns ?? [];
  if (!arns.every((arn) => namesBucket(arn.text, bucketName))) throw malformed("Policy has invalid resource");
  for (const { key } of conditions) {
    if (!/^[\w-]+:.+$/.test(key)) throw malformed("Policy has an invalid condition key");
  }
  if (actions.negated || resources?.negated) return;
  const onObjects = arns.some(({ text }) => text.includes("/") || text.endsWith("*"));
  const onBuckets = arns.some(({ text }) => !text.includes("/"));
  const applies = actions.patterns.some((action) => {
    if (hasWildcard(action)) return true;
    return OBJECT_ACTION.test(action.text) ? onObjects : onBuckets;
  });
  if (!applies) throw malformed("Action does not apply to any resource(s) in statement");
}

/** `arn:aws:s3:::bucket`, `arn:aws:s3:::bucket/prefix*`, or patterns that this bucket fits. */
function namesBucket(arn: string, bucketName: string): boolean {
  if (arn === "*") return true;
  if (!arn.startsWith(BUCKET_ARN)) return false;
  const [name = ""] = arn.slice(BUCKET_ARN.length).split("/");
  const pattern = readPattern(name, true);
  return hasVariable(pattern) || fits(pattern, bucketName, () => undefined);
}

/** S3 takes no policy about somebody who does not exist. */
async function checkPrincipals(call: S3Call, { statements }: Policy): Promise<void> {
  for (const { principals } of statements) {
    if (principals && !(await allExist(call, principals))) throw malformed("Invalid principal in policy");
  }
}

/**
 * An origin access identity of CloudFront, as its ARN and as its canonical id say it: known by its form. A distribution
 * with one reads in the name of its account here, so that a statement for it allows nothing more.
 */
const ACCESS_IDENTITY = /^arn:aws:iam::cloudfront:user\/CloudFront Origin Access Identity E[0-9A-Z]{12,13}$/;
const IDENTITY_CANONICAL_ID = /^45(?:3\d|4[1-9a-f]|5[0-9a]){12,13}0+$/;

async function allExist(call: S3Call, { aws, canonicalUsers }: Principals): Promise<boolean> {
  for (const name of aws) {
    if (ACCESS_IDENTITY.test(name)) continue;
    const accountId = accountOfPrincipal(name);
    if (accountId === undefined || !(await call.directory.findAccount(accountId))) return false;
  }
  for (const id of canonicalUsers) {
    if (id.length === 96 && IDENTITY_CANONICAL_ID.test(id)) continue;
    if (!(await call.directory.findAccountByCanonicalId(id))) return false;
  }
  return true;
}

/** A policy that keeps its author from putting the next one is refused, unless he says that he means it. */
function refuseLockout(call: S3Call, policy: Policy, text: string): void {
  if (call.headers.get(CONFIRM_HEADER)?.toLowerCase() === "true") return;
  const { config } = call.bucket;
  const { identity } = call;
  if (identity.kind === "account" && identity.principal === undefined && identity.account.id === config.accountId)
    return;
  const { allowed } = decideAccess({
    identity,
    access: { action: "s3:PutBucketPolicy", bucket: config.name },
    config: { ...config, documents: { ...config.documents, policy: text } },
    context: () => undefined,
  });
  if (allowed || policy.statements.length === 0) return;
  throw s3Error("InvalidRequest", {
    message:
      "The new bucket policy will not allow the caller to put another one. Confirm it by x-amz-confirm-remove-self-bucket-access.",
  });
}

function describeCaller(call: S3Call): string {
  const { principal } = call.identity.kind === "account" ? call.identity : {};
  return principal?.arn ?? `arn:aws:iam::${callerAccount(call).id}:root`;
}

function malformed(message: string) {
  return s3Error("MalformedPolicy", { message });
}
