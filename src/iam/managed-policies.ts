import { awsPolicies, findAwsPolicy } from "../auth/policy/aws-policies.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";
import type { Done, EntityKind, EntityRecord, NewPolicy, PolicyRecord } from "../metadata/iam/protocol.ts";
import type { IamCall, IamOperation } from "./call.ts";
import { describeAwsPolicy, describeAwsVersion, describePolicy, describeTags, describeVersion } from "./describe.ts";
import { iamError, noSuchEntity, noSuchPolicy, refusalError } from "./errors.ts";
import {
  addTags,
  createUniqueId,
  cutPage,
  describeRest,
  readDocument,
  readEntityName,
  readPage,
  readPath,
  readPolicyName,
  readTags,
  removeTags,
} from "./input.ts";

type Handler = IamOperation["handle"];

/** "IAM and AWS STS quotas". */
const MAX_BYTES = 6_144;

export async function createPolicy({ input, accountId, iam }: IamCall): Promise<QueryResult> {
  const [name, path] = [readPolicyName(input), readPath(input)];
  const policy: NewPolicy = {
    arn: formatPolicyArn(accountId, path, name),
    id: createUniqueId("policy"),
    name,
    path,
    description: input.text("Description") ?? "",
    tags: readTags(input),
    document: readDocument(input, "PolicyDocument", "identity", MAX_BYTES),
  };
  const done = await iam.createPolicy(policy);
  if (done.outcome !== "ok") throw refusalError(done, `A policy called ${name}`, noSuchPolicy(policy.arn));
  const now = Date.now();
  const record = { ...policy, defaultVersion: 1, createdAt: now, updatedAt: now, attachments: 0, boundaries: 0 };
  return { Policy: describePolicy(record) };
}

export async function getPolicy(call: IamCall): Promise<QueryResult> {
  const ofAws = findAwsPolicy(call.input.required("PolicyArn"));
  return { Policy: ofAws ? describeAwsPolicy(ofAws) : describePolicy(await findPolicy(call)) };
}

/** AWS's come before the account's own, with the first page. */
export async function listPolicies({ input, iam }: IamCall): Promise<QueryResult> {
  const [scope, onlyAttached, page] = [input.text("Scope") ?? "All", input.isTrue("OnlyAttached"), readPage(input)];
  const withAws = scope !== "Local" && page.after === "" && !onlyAttached;
  const ofAws = withAws ? awsPolicies.filter(({ path }) => path.startsWith(page.pathPrefix)) : [];
  const { items, next } = scope === "AWS" ? { items: [], next: undefined } : await iam.listPolicies(page);
  const own = onlyAttached ? items.filter(({ attachments }) => attachments > 0) : items;
  return {
    Policies: [...ofAws.map(describeAwsPolicy), ...own.map((policy) => describePolicy(policy, true))],
    ...describeRest(next),
  };
}

export async function deletePolicy({ input, iam }: IamCall): Promise<undefined> {
  const arn = readOwnArn(input);
  requireDone(await iam.deletePolicy(arn), arn);
}

export async function createPolicyVersion({ input, iam }: IamCall): Promise<QueryResult> {
  const arn = readOwnArn(input);
  const document = readDocument(input, "PolicyDocument", "identity", MAX_BYTES);
  const made = await iam.createPolicyVersion(arn, document, input.isTrue("SetAsDefault"));
  if ("outcome" in made) throw refusalError(made, arn, noSuchPolicy(arn));
  return { PolicyVersion: { ...describeVersion(made), Document: undefined } };
}

export async function getPolicyVersion({ input, iam }: IamCall): Promise<QueryResult> {
  const [arn, version] = [input.required("PolicyArn"), readVersion(input)];
  const ofAws = findAwsPolicy(arn);
  if (ofAws && version === 1) return { PolicyVersion: describeAwsVersion(ofAws) };
  const found = (await iam.listPolicyVersions(arn))?.find((each) => each.version === version);
  if (!found) throw noSuchVersion(arn, version);
  return { PolicyVersion: describeVersion(found) };
}

export async function listPolicyVersions({ input, iam }: IamCall): Promise<QueryResult> {
  const arn = input.required("PolicyArn");
  const ofAws = findAwsPolicy(arn);
  const versions = ofAws ? [describeAwsVersion(ofAws)] : (await iam.listPolicyVersions(arn))?.map(describeVersion);
  if (!versions) throw noSuchPolicy(arn);
  return { Versions: versions.map((version) => ({ ...version, Document: undefined })), IsTruncated: false };
}

export async function deletePolicyVersion({ input, iam }: IamCall): Promise<undefined> {
  const [arn, version] = [readOwnArn(input), readVersion(input)];
  requireDone(await iam.deletePolicyVersion(arn, version), arn, version);
}

export async function setDefaultPolicyVersion({ input, iam }: IamCall): Promise<undefined> {
  const [arn, version] = [readOwnArn(input), readVersion(input)];
  requireDone(await iam.setDefaultVersion(arn, version), arn, version);
}

export async function tagPolicy(call: IamCall): Promise<undefined> {
  const { arn, tags } = await findPolicy(call);
  requireDone(await call.iam.updatePolicyTags(arn, addTags(call.input, tags)), arn);
}

export async function untagPolicy(call: IamCall): Promise<undefined> {
  const { arn, tags } = await findPolicy(call);
  requireDone(await call.iam.updatePolicyTags(arn, removeTags(call.input, tags)), arn);
}

export async function listPolicyTags(call: IamCall): Promise<QueryResult> {
  const { items, rest } = cutPage(call.input, (await findPolicy(call)).tags, ({ key }) => key);
  return { Tags: describeTags(items), ...rest };
}

/** AttachUserPolicy, AttachGroupPolicy, AttachRolePolicy. */
export function attacher(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const [name, arn] = [readEntityName(input, kind), input.required("PolicyArn")];
    const done = await iam.attachPolicy(kind, name, arn, findAwsPolicy(arn) !== undefined);
    const missing = iamError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`);
    if (done.outcome !== "ok") throw refusalError(done, arn, isOfPolicy(done) ? missing : noSuchEntity(kind, name));
    return undefined;
  };
}

export function detacher(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const [name, arn] = [readEntityName(input, kind), input.required("PolicyArn")];
    const done = await iam.detachPolicy(kind, name, arn);
    if (done.outcome !== "ok") {
      throw refusalError(done, arn, isOfPolicy(done) ? noSuchPolicy(arn) : noSuchEntity(kind, name));
    }
    return undefined;
  };
}

export function attachedLister(kind: EntityKind): Handler {
  return async ({ input, iam }) => {
    const name = readEntityName(input, kind);
    const arns = await iam.listAttachedPolicies(kind, name);
    if (!arns) throw noSuchEntity(kind, name);
    const { items, rest } = cutPage(input, arns, (arn) => arn);
    const describe = (arn: string) => ({ PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn });
    return { AttachedPolicies: items.map(describe), ...rest };
  };
}

/** In one answer: an account has at most 6,300 of them. */
export async function listEntitiesForPolicy({ input, iam }: IamCall): Promise<QueryResult> {
  const arn = input.required("PolicyArn");
  if (!findAwsPolicy(arn) && !(await iam.findPolicy(arn))) throw noSuchPolicy(arn);
  const bounded = input.text("PolicyUsageFilter") === "PermissionsBoundary";
  const all = bounded ? await iam.listBoundedEntities(arn) : await iam.listAttachedEntities(arn);
  const [filter, prefix] = [input.text("EntityFilter")?.toLowerCase(), input.text("PathPrefix") ?? "/"];
  const listOf = (kind: EntityKind, describe: (entity: EntityRecord) => QueryResult) =>
    all
      .filter((entity) => entity.kind === kind && (filter ?? kind) === kind && entity.path.startsWith(prefix))
      .map(describe);
  return {
    PolicyGroups: listOf("group", ({ name, id }) => ({ GroupName: name, GroupId: id })),
    PolicyUsers: listOf("user", ({ name, id }) => ({ UserName: name, UserId: id })),
    PolicyRoles: listOf("role", ({ name, id }) => ({ RoleName: name, RoleId: id })),
    IsTruncated: false,
  };
}

export function formatPolicyArn(accountId: string, path: string, name: string): string {
  return `arn:aws:iam::${accountId}:policy${path}${name}`;
}

async function findPolicy({ input, iam }: IamCall): Promise<PolicyRecord> {
  const arn = input.required("PolicyArn");
  const policy = await iam.findPolicy(arn);
  if (!policy) throw noSuchPolicy(arn);
  return policy;
}

function isOfPolicy(done: Done): boolean {
  return done.outcome === "not-found" && done.what === "policy";
}

function requireDone(done: Done, arn: string, version?: number): void {
  if (done.outcome === "ok") return;
  const ofVersion = done.outcome === "not-found" && done.what === "version" && version !== undefined;
  throw refusalError(done, arn, ofVersion ? noSuchVersion(arn, version) : noSuchPolicy(arn));
}

/** Nobody changes what is AWS's. */
function readOwnArn(input: FormInput): string {
  const arn = input.required("PolicyArn");
  if (!arn.startsWith("arn:aws:iam::aws:")) return arn;
  throw iamError("AccessDenied", `Policy ${arn} is managed by AWS and cannot be changed.`);
}

function readVersion(input: FormInput): number {
  const [, version] = /^v(\d{1,9})(?:\..*)?$/.exec(input.required("VersionId")) ?? [];
  if (version !== undefined) return Number(version);
  throw iamError("ValidationError", "The specified value for versionId is invalid.");
}

function noSuchVersion(arn: string, version: number): ReturnType<typeof iamError> {
  return iamError("NoSuchEntity", `Policy ${arn} version v${version} does not exist or is not attachable.`);
}
