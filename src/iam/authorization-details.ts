import { awsPolicies, type AwsPolicy } from "../auth/policy/aws-policies.ts";
import { invalidMember, type QueryResult } from "../lib/query-protocol.ts";
import type { EntityKind, EntityRecord, Page, PolicyRecord } from "../metadata/iam/protocol.ts";
import type { IamCall } from "./call.ts";
import {
  describeAwsPolicy,
  describeAwsVersion,
  describeEntity,
  describePolicy,
  describeVersion,
  encodeDocument,
} from "./describe.ts";
import { describeRest, readPage } from "./input.ts";

/** What an answer may have, in the order in which pages go through it. */
const SECTIONS = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"] as const;
type Section = (typeof SECTIONS)[number];

const MEMBERS: Readonly<Record<Section, string>> = {
  User: "UserDetailList",
  Role: "RoleDetailList",
  Group: "GroupDetailList",
  LocalManagedPolicy: "Policies",
  AWSManagedPolicy: "Policies",
};
const INLINE: Readonly<Record<EntityKind, string>> = {
  user: "UserPolicyList",
  role: "RolePolicyList",
  group: "GroupPolicyList",
};

/** GetAccountAuthorizationDetails: users, groups, roles and policies, with all that they have been given. */
export async function getAccountAuthorizationDetails(call: IamCall): Promise<QueryResult> {
  const wanted = readFilter(call);
  const { after: marker, limit } = readPage(call.input);
  const [begin, ...rest] = marker.split("/");
  let after = rest.join("/");
  const found: Record<string, QueryResult[]> = {
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: [],
    Policies: [],
  };
  let left = limit;
  for (const section of wanted.slice(Math.max(wanted.indexOf(begin as Section), 0))) {
    // The page is full, and there may be more of another kind.
    if (left === 0) return { ...found, ...describeRest(`${section}/`) };
    const { items, next } = await listSection(call, section, after, left);
    found[MEMBERS[section]]!.push(...items);
    left -= items.length;
    if (next !== undefined) return { ...found, ...describeRest(`${section}/${next}`) };
    after = "";
  }
  return { ...found, ...describeRest(undefined) };
}

function readFilter({ input }: IamCall): readonly Section[] {
  const names = input.list("Filter");
  if (!names.every((name) => (SECTIONS as readonly string[]).includes(name))) {
    throw invalidMember("Filter", `Member must satisfy enum value set: [${SECTIONS.join(", ")}]`);
  }
  return names.length === 0 ? SECTIONS : SECTIONS.filter((section) => names.includes(section));
}

async function listSection(call: IamCall, section: Section, after: string, limit: number): Promise<Page<QueryResult>> {
  const page = { pathPrefix: "/", after, limit };
  if (section === "AWSManagedPolicy") return listAwsPolicies(await listUsed(call), after, limit);
  if (section === "LocalManagedPolicy") {
    return describeAll(await call.iam.listPolicies(page), (policy) => describeOwnPolicy(call, policy));
  }
  const kind = section.toLowerCase() as EntityKind;
  return describeAll(await call.iam.listEntities(kind, page), (entity) => describeGiven(call, entity));
}

async function describeAll<Item>(
  { items, next }: Page<Item>,
  describe: (item: Item) => Promise<QueryResult>,
): Promise<Page<QueryResult>> {
  return { items: await Promise.all(items.map(describe)), ...(next !== undefined && { next }) };
}

async function describeGiven({ iam, accountId }: IamCall, entity: EntityRecord): Promise<QueryResult> {
  const { kind, name } = entity;
  const [inline = [], attached = [], groups] = await Promise.all([
    iam.listInlinePolicies(kind, name),
    iam.listAttachedPolicies(kind, name),
    kind === "user" ? iam.listGroupsOf(name) : undefined,
  ]);
  const { Description: _description, MaxSessionDuration: _duration, ...described } = describeEntity(accountId, entity);
  return {
    ...described,
    [INLINE[kind]]: inline.map((policy) => ({
      PolicyName: policy.name,
      PolicyDocument: encodeDocument(policy.document),
    })),
    AttachedManagedPolicies: attached.map((arn) => ({ PolicyName: nameOf(arn), PolicyArn: arn })),
    ...(groups && { GroupList: groups.map((group) => group.name) }),
    ...(kind === "role" && { InstanceProfileList: [] }),
  };
}

async function describeOwnPolicy({ iam }: IamCall, policy: PolicyRecord): Promise<QueryResult> {
  const versions = (await iam.listPolicyVersions(policy.arn)) ?? [];
  const { Tags: _tags, ...described } = describePolicy(policy);
  return { ...described, PolicyVersionList: versions.map(describeVersion) };
}

/** Those of AWS's that are attached to something: the others say nothing of the account. */
async function listUsed({ iam }: IamCall): Promise<readonly AwsPolicy[]> {
  const attached = await Promise.all(awsPolicies.map(({ name }) => iam.listAttachedEntities(name)));
  return awsPolicies.filter((_, position) => attached[position]!.length > 0);
}

function listAwsPolicies(used: readonly AwsPolicy[], after: string, limit: number): Page<QueryResult> {
  const start = after === "" ? 0 : used.findIndex(({ policyName }) => policyName === after) + 1;
  const items = used.slice(start, start + limit);
  const more = start + limit < used.length;
  return {
    items: items.map((policy) => ({ ...describeAwsPolicy(policy), PolicyVersionList: [describeAwsVersion(policy)] })),
    ...(more && { next: items.at(-1)!.policyName }),
  };
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
