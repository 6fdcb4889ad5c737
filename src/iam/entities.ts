import { findAwsPolicy } from "../auth/policy/aws-policies.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";
import type {
  Done,
  EntityChange,
  EntityKind,
  EntityRecord,
  NewEntity,
  RoleSettings,
} from "../metadata/iam/protocol.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { IamCall, IamOperation } from "./call.ts";
import { describeEntity, describeTags } from "./describe.ts";
import { iamError, noSuchEntity, noSuchPolicy, refusalError } from "./errors.ts";
import {
  addTags,
  createUniqueId,
  cutPage,
  describeRest,
  NAME_MEMBERS,
  readDocument,
  readEntityName,
  readPage,
  readPath,
  readTags,
  removeTags,
} from "./input.ts";

type Handler = IamOperation["handle"];

/** "IAM and AWS STS quotas": of a role trust policy, as raised at most. */
const MAX_TRUST_BYTES = 4_096;
const TITLES: Readonly<Record<EntityKind, string>> = { user: "User", group: "Group", role: "Role" };
const DEFAULT_SESSION_SECONDS = 3_600;

/** CreateUser, CreateGroup, CreateRole. */
export function creator(kind: EntityKind): Handler {
  return async ({ input, accountId, iam }) => {
    const boundary = kind === "group" ? undefined : readBoundary(input);
    const entity: NewEntity = {
      kind,
      name: readEntityName(input, kind),
      id: createUniqueId(kind),
      path: readPath(input),
      tags: kind === "group" ? [] : readTags(input),
      ...(boundary !== undefined && { boundary }),
      ...(kind === "role" && { role: readRole(input) }),
    };
    requireDone(await iam.createEntity(entity), kind, entity.name, boundary);
    return { [TITLES[kind]]: describeEntity(accountId, { ...entity, createdAt: Date.now() }) };
  };
}

/** GetUser, GetRole, GetGroup, which lists members as well. */
export function getter(kind: EntityKind): Handler {
  return async (call) => {
    const { input, accountId, iam, caller } = call;
    const own = kind === "user" && !input.text("UserName") ? caller.principal : undefined;
    if (kind === "user" && !input.text("UserName") && !own) return { User: describeRoot(accountId) };
    const entity = await findEntity(call, kind, own?.userName);
    const described = { [TITLES[kind]]: describeEntity(accountId, entity) };
    if (kind !== "group") return described;
    const { items, rest } = cutPage(input, await iam.listMembers(entity.name), (member) => member.name);
    return { ...described, Users: items.map((member) => describeEntity(accountId, member, true)), ...rest };
  };
}

export function lister(kind: EntityKind): Handler {
  return async ({ input, accountId, iam }) => {
    const { items, next } = await iam.listEntities(kind, readPage(input));
    const described = items.map((entity) => describeEntity(accountId, entity, true));
    return { [`${TITLES[kind]}s`]: described, ...describeRest(next) };
  };
}

/** UpdateUser, UpdateGroup: a new name, a new path. */
export function renamer(kind: "user" | "group"): Handler {
  return (call) => {
    const { input } = call;
    const member = `New${NAME_MEMBERS[kind]}`;
    return update(call, kind, {
      ...(input.text(member) !== undefined && { name: readEntityName(input, kind, member) }),
      ...(input.text("NewPath") !== undefined && { path: readPath(input, "NewPath") }),
    });
  };
}

export async function updateRole(call: IamCall): Promise<QueryResult> {
  const maxSessionSeconds = readSessionSeconds(call.input);
  const description = call.input.text("Description");
  await update(call, "role", {
    role: {
      ...(description !== undefined && { description }),
      ...(maxSessionSeconds !== undefined && { maxSessionSeconds }),
    },
  });
  return {};
}

export async function updateRoleDescription(call: IamCall): Promise<QueryResult> {
  await update(call, "role", { role: { description: call.input.text("Description") ?? "" } });
  return { Role: describeEntity(call.accountId, await findEntity(call, "role")) };
}

export function updateAssumeRolePolicy(call: IamCall): Promise<undefined> {
  const trust = readDocument(call.input, "PolicyDocument", "trust", MAX_TRUST_BYTES);
  return update(call, "role", { role: { trust } });
}

export function boundarySetter(kind: "user" | "role"): Handler {
  return (call) => {
    call.input.required("PermissionsBoundary");
    return update(call, kind, { boundary: readBoundary(call.input)! });
  };
}

export function boundaryRemover(kind: "user" | "role"): Handler {
  return (call) => update(call, kind, { boundary: null });
}

export function deleter(kind: EntityKind): Handler {
  return async (call) => {
    const entity = await findEntity(call, kind);
    if (kind === "user") {
      const keys = await askRegistry(call.env, (registry) => registry.listAccessKeys(call.accountId, entity.id));
      if (keys.length > 0) throw iamError("DeleteConflict", "Cannot delete entity, must delete access keys first.");
    }
    requireDone(await call.iam.deleteEntity(kind, entity.name), kind, entity.name);
    return undefined;
  };
}

export function tagger(kind: "user" | "role"): Handler {
  return async (call) => update(call, kind, { tags: addTags(call.input, (await findEntity(call, kind)).tags) });
}

export function untagger(kind: "user" | "role"): Handler {
  return async (call) => update(call, kind, { tags: removeTags(call.input, (await findEntity(call, kind)).tags) });
}

export function tagLister(kind: "user" | "role"): Handler {
  return async (call) => {
    const { items, rest } = cutPage(call.input, (await findEntity(call, kind)).tags, ({ key }) => key);
    return { Tags: describeTags(items), ...rest };
  };
}

export async function addUserToGroup({ input, iam }: IamCall): Promise<undefined> {
  const [group, user] = [input.required("GroupName"), input.required("UserName")];
  requireMembership(await iam.addMember(group, user), group, user);
}

export async function removeUserFromGroup({ input, iam }: IamCall): Promise<undefined> {
  const [group, user] = [input.required("GroupName"), input.required("UserName")];
  requireMembership(await iam.removeMember(group, user), group, user);
}

export async function listGroupsForUser(call: IamCall): Promise<QueryResult> {
  const user = await findEntity(call, "user");
  const { items, rest } = cutPage(call.input, await call.iam.listGroupsOf(user.name), (group) => group.name);
  return { Groups: items.map((group) => describeEntity(call.accountId, group, true)), ...rest };
}

async function findEntity(
  { input, iam }: Pick<IamCall, "input" | "iam">,
  kind: EntityKind,
  name = input.required(NAME_MEMBERS[kind]),
): Promise<EntityRecord> {
  const entity = await iam.findEntity(kind, name);
  if (!entity) throw noSuchEntity(kind, name);
  return entity;
}

async function update({ input, iam }: IamCall, kind: EntityKind, change: EntityChange): Promise<undefined> {
  const name = input.required(NAME_MEMBERS[kind]);
  const done = await iam.updateEntity(kind, name, change);
  requireDone(done, kind, done.outcome === "exists" ? (change.name ?? name) : name, change.boundary ?? undefined);
}

function requireDone(done: Done, kind: EntityKind, name: string, boundary = ""): void {
  if (done.outcome === "ok") return;
  const ofPolicy = done.outcome === "not-found" && done.what === "policy";
  const missing = ofPolicy ? noSuchPolicy(boundary) : noSuchEntity(kind, name);
  throw refusalError(done, `${TITLES[kind]} with name ${name}`, missing);
}

function requireMembership(done: Done, group: string, user: string): void {
  if (done.outcome === "ok") return;
  const ofUser = done.outcome === "not-found" && done.what === "member";
  throw refusalError(done, "", ofUser ? noSuchEntity("user", user) : noSuchEntity("group", group));
}

function readBoundary(input: FormInput): string | undefined {
  const arn = input.text("PermissionsBoundary");
  if (arn?.startsWith("arn:aws:iam::aws:") && !findAwsPolicy(arn)) throw noSuchPolicy(arn);
  return arn;
}

function readRole(input: FormInput): RoleSettings {
  return {
    trust: readDocument(input, "AssumeRolePolicyDocument", "trust", MAX_TRUST_BYTES),
    description: input.text("Description") ?? "",
    maxSessionSeconds: readSessionSeconds(input) ?? DEFAULT_SESSION_SECONDS,
  };
}

function readSessionSeconds(input: FormInput): number | undefined {
  return input.integer("MaxSessionDuration", 3_600, 43_200);
}

function describeRoot(accountId: string): QueryResult {
  return { Path: "/", UserId: accountId, Arn: `arn:aws:iam::${accountId}:root`, CreateDate: new Date(0) };
}
