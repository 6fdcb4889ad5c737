import {
  type Caller,
  decideByIdentity,
  evaluate,
  type NamedPolicy,
  type Permissions,
} from "../auth/policy/evaluate.ts";
import { parsePolicy } from "../auth/policy/parse.ts";
import type { ConditionContext } from "../auth/policy/policy.ts";
import { formatEntityArn, permissionsOf } from "../auth/principals.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";
import type { EntityKind, Grants } from "../metadata/iam/protocol.ts";
import type { IamCall } from "./call.ts";
import { iamError } from "./errors.ts";
import { checkDocument, cutPage } from "./input.ts";

const SOURCE = /^arn:aws:iam::(\d{12}):(user|group|role)\/(?:.*\/)?([^/]+)$/;

/** What the policies of a user, group or role decide, with those that the request adds. */
export async function simulatePrincipalPolicy(call: IamCall): Promise<QueryResult> {
  const { input, accountId } = call;
  const arn = input.required("PolicySourceArn");
  const [, account, kind = "", name = ""] = SOURCE.exec(arn) ?? [];
  const grants = account === accountId ? await findGrants(call, kind as EntityKind, name) : undefined;
  if (!grants || formatEntityArn(accountId, grants.entity) !== arn) {
    throw iamError("NoSuchEntity", `The policy source ${arn} cannot be found.`);
  }
  const known = permissionsOf(grants);
  const identity = [...known.identity, ...readPolicies(input, "PolicyInputList")];
  return simulate(call, { ...known, identity, ...readBoundary(input) }, arn);
}

/** What the policies of the request decide. */
export async function simulateCustomPolicy(call: IamCall): Promise<QueryResult> {
  const { input, accountId } = call;
  const permissions = { identity: readPolicies(input, "PolicyInputList"), ...readBoundary(input) };
  return simulate(call, permissions, input.text("CallerArn") ?? `arn:aws:iam::${accountId}:user/simulated`);
}

function simulate({ input, accountId }: IamCall, permissions: Permissions, arn: string): QueryResult {
  const resources = input.list("ResourceArns");
  const context = readContext(input);
  const resourcePolicy = readResourcePolicy(input);
  const caller: Caller = { kind: "account", accountId, principal: { arn, permissions } };
  const results = input.list("ActionNames").flatMap((action) =>
    (resources.length > 0 ? resources : ["*"]).map((resource) => {
      const request = { caller, action, resource, context };
      const { allowed, reason } = resourcePolicy
        ? evaluate(request, { ownerId: accountId, policies: [resourcePolicy] })
        : decideByIdentity(request, permissions);
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: allowed ? "allowed" : reason.startsWith("Deny by") ? "explicitDeny" : "implicitDeny",
        MatchedStatements: describeMatch(reason),
        MissingContextValues: [],
      };
    }),
  );
  if (results.length === 0) throw iamError("InvalidInput", "ActionNames must not be empty.");
  const nameOf = (result: { EvalActionName: string; EvalResourceName: string }) =>
    `${result.EvalActionName} ${result.EvalResourceName}`;
  const { items, rest } = cutPage(input, results, nameOf);
  return { EvaluationResults: items, ...rest };
}

/** The policy whose statement has decided. */
function describeMatch(reason: string): QueryResult[] {
  const [, policy] = /by statement .* of policy (.*)$/.exec(reason) ?? [];
  return policy === undefined ? [] : [{ SourcePolicyId: policy }];
}

async function findGrants({ iam }: IamCall, kind: EntityKind, name: string): Promise<Grants | undefined> {
  if (kind === "role") return iam.findRoleGrants(name);
  if (kind === "group") return iam.findGroupGrants(name);
  const user = await iam.findEntity("user", name);
  return user && iam.findUserGrants(user.id);
}

function readBoundary(input: FormInput): Pick<Permissions, "boundary"> {
  const [boundary] = readPolicies(input, "PermissionsBoundaryPolicyInputList");
  return boundary ? { boundary } : {};
}

function readPolicies(input: FormInput, member: string): NamedPolicy[] {
  return input.list(member).map((document, position) => {
    checkDocument(document, "identity");
    return { name: `${member}.${position + 1}`, policy: parsePolicy(document, "identity") };
  });
}

function readResourcePolicy(input: FormInput): NamedPolicy | undefined {
  const document = input.text("ResourcePolicy");
  if (document === undefined) return undefined;
  checkDocument(document, "resource");
  return { name: "ResourcePolicy", policy: parsePolicy(document, "resource") };
}

function readContext(input: FormInput): ConditionContext {
  const entries = input.structures("ContextEntries").map((entry): [string, string[]] => {
    return [entry.required("ContextKeyName").toLowerCase(), entry.list("ContextKeyValues")];
  });
  const values = new Map(entries);
  return (key) => values.get(key);
}
