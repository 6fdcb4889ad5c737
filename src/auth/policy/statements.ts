import { type Caller, covers, type NamedPolicy } from "./evaluate.ts";
import { parsePolicy, PolicySyntaxError, readPolicy } from "./parse.ts";
import type { Statement } from "./policy.ts";

/** A statement of a resource-based policy as JSON, in the forms that services here store. */
export interface StoredStatement {
  readonly Effect: "Allow" | "Deny";
  /** `*`, or by kind: `{AWS: "arn:aws:iam::123456789012:root"}`, `{Service: "s3.amazonaws.com"}`. */
  readonly Principal: "*" | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface StatementRequest {
  readonly principal: Caller;
  /** `lambda:InvokeFunction`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys with their values, the names in lower case: `aws:sourcearn`. */
  readonly context: Readonly<Record<string, string>>;
}

/** Read once: the statements of a cached policy stay the same objects. */
const read = new WeakMap<StoredStatement, Statement>();

/**
 * Keys that every request has on AWS. A service that does not say one here must not make a Deny void by that: the
 * condition then counts as met.
 */
const UNIVERSAL_KEYS =
  /^aws:(sourceip|securetransport|currenttime|epochtime|useragent|requestedregion|principal\w+|userid)$/;

/**
 * Whether the statements of a resource allow a request: one allows it and none denies it. For services, and
 * for accounts as such; users and sessions have policies of their own (`decideForResource`).
 */
export function isAllowedByStatements(stored: readonly StoredStatement[], request: StatementRequest): boolean {
  return isAllowed(stored.map(readStored), request);
}

/** The same of a whole policy as text. One that cannot be read allows nothing. */
export function isAllowedByDocument(text: string | undefined, request: StatementRequest): boolean {
  if (!text) return false;
  let statements: readonly Statement[];
  try {
    statements = parsePolicy(text, "resource").statements;
  } catch (error) {
    if (error instanceof PolicySyntaxError) return false;
    throw error;
  }
  return isAllowed(statements, request);
}

/** The same statements as a policy, for callers of accounts, whose own policies count beside it. */
export function toPolicy(name: string, stored: readonly StoredStatement[]): NamedPolicy {
  return { name, policy: { version: "2012-10-17", statements: stored.flatMap((one) => readStored(one) ?? []) } };
}

function isAllowed(statements: readonly (Statement | undefined)[], request: StatementRequest): boolean {
  const { principal: caller, action, resource } = request;
  const context = (key: string) => {
    const value = request.context[key];
    return value === undefined ? undefined : [value];
  };
  let allowed = false;
  for (const statement of statements) {
    if (!statement) continue;
    if (!covers(onKnownKeys(statement, request.context), { caller, action, resource, context })) continue;
    if (statement.effect === "Deny") return false;
    allowed = true;
  }
  return allowed;
}

function onKnownKeys(statement: Statement, context: StatementRequest["context"]): Statement {
  if (statement.effect === "Allow" || statement.conditions.length === 0) return statement;
  const conditions = statement.conditions.filter(({ key }) => key in context || !UNIVERSAL_KEYS.test(key));
  return { ...statement, conditions };
}

/** Of a statement that cannot be read, an Allow allows nothing, and a Deny denies all that its actions cover. */
function readStored(stored: StoredStatement): Statement | undefined {
  const known = read.get(stored);
  if (known) return known;
  const statement = compile(stored) ?? (stored.Effect === "Deny" ? compile(withoutConditions(stored)) : undefined);
  if (statement) read.set(stored, statement);
  return statement;
}

function compile({ Effect, Principal, Action, Resource, Condition }: StoredStatement): Statement | undefined {
  const Statement = { Effect, Principal, Action, Resource, ...(Condition && { Condition }) };
  try {
    return readPolicy({ Version: "2012-10-17", Statement }, "resource").statements[0];
  } catch (error) {
    if (error instanceof PolicySyntaxError) return undefined;
    throw error;
  }
}

function withoutConditions({ Effect, Principal, Action, Resource }: StoredStatement): StoredStatement {
  return { Effect, Principal, Action, Resource };
}
