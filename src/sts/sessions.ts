import { findAwsPolicy } from "../auth/policy/aws-policies.ts";
import { explain, isAccountItself, requireAllowed } from "../auth/policy/decide-action.ts";
import { callerOf } from "../auth/policy/authorize.ts";
import { type Decision, evaluate } from "../auth/policy/evaluate.ts";
import { parsePolicy, PolicySyntaxError } from "../auth/policy/parse.ts";
import { globalContext } from "../auth/policy/principal-keys.ts";
import { describeRoleSession, formatEntityArn, type Granted } from "../auth/principals.ts";
import { isSessionKey, issueSession, type Session, type SessionKeys } from "../auth/sessions.ts";
import type { ServiceError } from "../lib/errors.ts";
import { type FormInput, invalidMember, type QueryResult } from "../lib/query-protocol.ts";
import type { StsCall } from "./call.ts";
import { stsError } from "./errors.ts";

const ROLE_ARN = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([\w+=,.@-]{1,64})$/;
const NAME = /^[\w+=,.@-]+$/;
const MIN_SECONDS = 900;
const MAX_ROLE_SECONDS = 43_200;
const MAX_TOKEN_SECONDS = 129_600;
const DEFAULT_ROLE_SECONDS = 3_600;
const DEFAULT_TOKEN_SECONDS = 43_200;
/** Of a session of a role that a session of a role has assumed ("role chaining"). */
const MAX_CHAINED_SECONDS = 3_600;
/** Characters of all session policies: the token carries them in a header. */
const MAX_POLICY_LENGTH = 2_048;

/** Keys of a role, for whom its trust policy and the caller's own policies allow it. */
export async function assumeRole(call: StsCall): Promise<QueryResult> {
  const { input, caller, principals } = call;
  const roleArn = input.required("RoleArn");
  const sessionName = readName(input, "RoleSessionName", 64);
  const seconds = input.integer("DurationSeconds", MIN_SECONDS, MAX_ROLE_SECONDS) ?? DEFAULT_ROLE_SECONDS;
  const policies = readPolicies(input);
  const [, accountId = "", roleName = ""] = ROLE_ARN.exec(roleArn) ?? [];
  if (accountId === "") throw invalidMember("RoleArn", "Member must be the ARN of a role");
  const known = await call.directory.findAccount(accountId);
  const role = known && (await principals.findRole(accountId, roleName));
  // A role that is not there is refused like one that may not be assumed.
  if (!role || formatEntityArn(accountId, role.entity) !== roleArn) throw refused(call, "sts:AssumeRole", roleArn);
  const decision = decideAssume(call, accountId, role, sessionName);
  if (!decision.allowed) throw refused(call, "sts:AssumeRole", roleArn).because(explain(decision));
  const maxSeconds = role.entity.role!.maxSessionSeconds;
  if (seconds > maxSeconds) {
    throw stsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  }
  if (seconds > MAX_CHAINED_SECONDS && caller.principal?.roleArn !== undefined) {
    throw stsError(
      "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    );
  }
  const { entity } = role;
  const holder = {
    kind: "role",
    roleName: entity.name,
    roleId: entity.id,
    sessionName,
    ...(policies && { policies }),
  } as const;
  const keys = await issue(call, { accountId, holder }, seconds);
  const { arn, userId } = describeRoleSession(accountId, role, sessionName);
  return { Credentials: describeKeys(keys), AssumedRoleUser: { AssumedRoleId: userId, Arn: arn } };
}

/** Keys that end, with the rights of the calling user, or of the account. */
export async function getSessionToken(call: StsCall): Promise<QueryResult> {
  const { input, caller } = call;
  refuseSessions(call, "sts:GetSessionToken");
  const seconds = input.integer("DurationSeconds", MIN_SECONDS, MAX_TOKEN_SECONDS) ?? DEFAULT_TOKEN_SECONDS;
  const userId = caller.principal?.userId;
  const holder = userId === undefined ? {} : { holder: { kind: "user", userId } as const };
  const keys = await issue(call, { accountId: caller.account.id, ...holder }, seconds);
  return { Credentials: describeKeys(keys) };
}

/** Keys for somebody whom the caller names, with what both the caller and the given policy allow. */
export async function getFederationToken(call: StsCall): Promise<QueryResult> {
  const { input, caller } = call;
  refuseSessions(call, "sts:GetFederationToken");
  const name = readName(input, "Name", 32);
  const accountId = caller.account.id;
  const arn = `arn:aws:sts::${accountId}:federated-user/${name}`;
  requireAllowed(call.facts, { action: "sts:GetFederationToken", resource: arn });
  const seconds = input.integer("DurationSeconds", MIN_SECONDS, MAX_TOKEN_SECONDS) ?? DEFAULT_TOKEN_SECONDS;
  const userId = caller.principal?.userId;
  const holder = {
    kind: "federated",
    name,
    policies: readPolicies(input) ?? [],
    ...(userId !== undefined && { userId }),
  } as const;
  const keys = await issue(call, { accountId, holder }, seconds);
  return {
    Credentials: describeKeys(keys),
    FederatedUser: { FederatedUserId: `${accountId}:${name}`, Arn: arn },
  };
}

/** The role's trust policy is the resource's side; the caller's policies count where it trusts an account. */
function decideAssume(
  { input, caller, facts }: StsCall,
  accountId: string,
  { entity }: Granted,
  sessionName: string,
): Decision {
  // Keys that were made for less than what their owner may must not become more.
  if (isSessionKey(caller.accessKeyId) && isAccountItself(caller)) {
    return { allowed: false, reason: "Implicit deny: a session of the account itself assumes no role" };
  }
  const context = globalContext(facts, {
    "sts:externalid": input.text("ExternalId"),
    "sts:rolesessionname": sessionName,
  });
  const resource = formatEntityArn(accountId, entity);
  const trust = { name: `trust of ${entity.name}`, policy: parsePolicy(entity.role!.trust, "trust") };
  const request = { caller: callerOf(caller), action: "sts:AssumeRole", resource, context };
  return evaluate(request, { ownerId: accountId, policies: [trust], mustAllow: true });
}

async function issue(
  call: StsCall,
  session: Pick<Session, "accountId" | "holder">,
  seconds: number,
): Promise<SessionKeys> {
  // Answers have whole seconds: no session ends before what they say.
  const expiresAt = (Math.floor(Date.now() / 1000) + seconds) * 1000;
  return issueSession(await call.masterKey(), { ...session, expiresAt });
}

function describeKeys({ accessKeyId, secretAccessKey, sessionToken, expiresAt }: SessionKeys): QueryResult {
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: new Date(expiresAt),
  };
}

function refuseSessions(call: StsCall, action: string): void {
  if (!isSessionKey(call.caller.accessKeyId)) return;
  throw stsError("AccessDenied", `Cannot call ${action.slice("sts:".length)} with session credentials`);
}

function refused({ caller: { account, principal } }: StsCall, action: string, resource: string): ServiceError {
  const arn = principal?.arn ?? `arn:aws:iam::${account.id}:root`;
  return stsError("AccessDenied", `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`);
}

function readName(input: FormInput, member: string, max: number): string {
  const name = input.required(member);
  if (name.length >= 2 && name.length <= max && NAME.test(name)) return name;
  throw invalidMember(
    member,
    `Member must satisfy regular expression pattern: [\\w+=,.@-]* and have 2 to ${max} characters`,
  );
}

/** Undefined where the request has none. Managed policies are AWS's alone: those of an account may change. */
function readPolicies(input: FormInput): string[] | undefined {
  const inline = input.text("Policy");
  const managed = input.structures("PolicyArns").map((each) => {
    const arn = each.required("arn");
    const policy = findAwsPolicy(arn);
    if (policy) return JSON.stringify(JSON.parse(policy.document));
    throw stsError(
      "ValidationError",
      `The policy ${arn} cannot be a session policy here: give its document as Policy.`,
    );
  });
  const documents = inline === undefined ? managed : [inline, ...managed];
  for (const document of documents) checkDocument(document);
  const length = documents.reduce((total, document) => total + document.length, 0);
  if (length > MAX_POLICY_LENGTH) {
    throw stsError(
      "PackedPolicyTooLarge",
      `The session policies have ${length} characters; ${MAX_POLICY_LENGTH} are allowed.`,
    );
  }
  return documents.length > 0 ? documents : undefined;
}

function checkDocument(document: string): void {
  try {
    parsePolicy(document, "identity");
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw stsError("MalformedPolicyDocument", error.message);
    throw error;
  }
}
