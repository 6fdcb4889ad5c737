import { JsonError, parseJson } from "../../lib/json.ts";
import { findOperator, takesValue } from "./conditions.ts";
import { readPattern } from "./patterns.ts";
import type { Condition, Patterns, Policy, PolicyVersion, Principals, Statement } from "./policy.ts";

/** A document that is no policy. The message is for the sender; services have their own codes for it. */
export class PolicySyntaxError extends Error {}

/** What a policy is attached to decides which elements its statements have. */
export type PolicyKind =
  /** Attached to a resource: says who. */
  | "resource"
  /** Attached to a user, group or role, which is the who. */
  | "identity"
  /** Attached to a role: says who may assume it. */
  | "trust";

const POLICY_FIELDS = new Set(["Version", "Id", "Statement"]);
const STATEMENT_FIELDS = new Set([
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
]);
const PRINCIPAL_FIELDS = new Set(["AWS", "Service", "CanonicalUser", "Federated"]);
const EVERYONE = "*";
const CONDITION_NAME = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/i;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a policy by IAM's grammar (IAM User Guide, "Grammar of the IAM JSON policy language").
 * @throws PolicySyntaxError with the wording that S3 has for it
 */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  return readPolicy(parseDocument(text), kind);
}

/** The same of a document that is JSON already. */
export function readPolicy(document: unknown, kind: PolicyKind): Policy {
  if (!isObject(document)) throw new PolicySyntaxError("Policies must be valid JSON and the first byte must be '{'");
  refuseUnknown(document, POLICY_FIELDS);
  const version = readVersion(document["Version"]);
  const { Id: id, Statement: given } = document;
  if (id !== undefined && typeof id !== "string") throw new PolicySyntaxError("Id must be a single string");
  if (given === undefined) throw new PolicySyntaxError("Missing required field Statement");
  const statements = (Array.isArray(given) ? given : [given]) as readonly unknown[];
  if (statements.length === 0) throw new PolicySyntaxError("Could not parse the policy: Statement is empty!");
  const read = statements.map((statement, position) => readStatement(statement, position, kind, version));
  refuseRepeatedSids(statements as readonly Json[]);
  return { version, ...(id !== undefined && { id }), statements: read };
}

function parseDocument(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new PolicySyntaxError(
      text.trimStart().startsWith("{")
        ? "This policy contains invalid Json"
        : "Policies must be valid JSON and the first byte must be '{'",
    );
  }
}

function readVersion(version: unknown = "2008-10-17"): PolicyVersion {
  if (version === "2012-10-17" || version === "2008-10-17") return version;
  throw new PolicySyntaxError("The policy must contain a valid version string");
}

function readStatement(statement: unknown, position: number, kind: PolicyKind, version: PolicyVersion): Statement {
  if (!isObject(statement)) throw new PolicySyntaxError("This policy contains invalid Json");
  refuseUnknown(statement, STATEMENT_FIELDS);
  const { Sid: sid, Effect: effect } = statement;
  if (sid !== undefined && typeof sid !== "string") throw new PolicySyntaxError("Sid must be a single string");
  if (effect === undefined) throw new PolicySyntaxError("Missing required field Effect");
  if (effect !== "Allow" && effect !== "Deny") throw new PolicySyntaxError(`Invalid effect: ${JSON.stringify(effect)}`);
  const variables = version === "2012-10-17";
  const principals = readPrincipals(statement, kind);
  const actions = readPatterns(statement, "Action", false);
  const resources = kind === "trust" ? refuseResources(statement) : readPatterns(statement, "Resource", variables);
  return {
    label: sid || `#${position + 1}`,
    effect,
    ...(principals && { principals }),
    actions,
    ...(resources && { resources }),
    conditions: readConditions(statement["Condition"], variables),
  };
}

function readPatterns(statement: Json, name: "Action" | "Resource", variables: boolean): Patterns {
  const negatedName = `Not${name}`;
  const negated = statement[negatedName] !== undefined;
  if (negated && statement[name] !== undefined) {
    throw new PolicySyntaxError(`Statement must contain only one of ${name} and ${negatedName}`);
  }
  const given = statement[negated ? negatedName : name];
  if (given === undefined) throw new PolicySyntaxError(`Missing required field ${name}`);
  const texts = readTexts(given, `Policy has invalid ${name.toLowerCase()}`);
  // Actions are compared without case.
  return {
    negated,
    patterns: texts.map((text) => readPattern(name === "Action" ? text.toLowerCase() : text, variables)),
  };
}

function refuseResources(statement: Json): undefined {
  if (statement["Resource"] === undefined && statement["NotResource"] === undefined) return undefined;
  throw new PolicySyntaxError("Has prohibited field Resource");
}

function readPrincipals(statement: Json, kind: PolicyKind): Principals | undefined {
  const negated = statement["NotPrincipal"] !== undefined;
  if (negated && statement["Principal"] !== undefined) {
    throw new PolicySyntaxError("Statement must contain only one of Principal and NotPrincipal");
  }
  const given = statement[negated ? "NotPrincipal" : "Principal"];
  if (kind === "identity") {
    if (given !== undefined) throw new PolicySyntaxError("Policy document should not specify a principal.");
    return undefined;
  }
  if (given === undefined) throw new PolicySyntaxError("Missing required field Principal");
  const none = { negated, everyone: false, aws: [], services: [], canonicalUsers: [], federated: [] };
  if (given === EVERYONE) return { ...none, everyone: true };
  if (!isObject(given) || Object.keys(given).length === 0) throw invalidPrincipal();
  for (const name of Object.keys(given)) if (!PRINCIPAL_FIELDS.has(name)) throw invalidPrincipal();
  const texts = (name: string) =>
    given[name] === undefined ? [] : readTexts(given[name], "Invalid principal in policy");
  const aws = texts("AWS");
  return {
    negated,
    everyone: aws.includes(EVERYONE),
    aws: aws.filter((name) => name !== EVERYONE),
    services: texts("Service"),
    canonicalUsers: texts("CanonicalUser"),
    federated: texts("Federated"),
  };
}

function readConditions(given: unknown, variables: boolean): Condition[] {
  if (given === undefined) return [];
  if (!isObject(given)) throw new PolicySyntaxError("Invalid Condition");
  return Object.entries(given).flatMap(([name, tests]) => {
    const [, set, operatorName = "", ifExists] = CONDITION_NAME.exec(name) ?? [];
    const operator = findOperator(operatorName);
    if (operator === undefined || (operator === "Null" && ifExists)) {
      throw new PolicySyntaxError(`Invalid Condition type : ${name}`);
    }
    if (!isObject(tests)) throw new PolicySyntaxError("Invalid Condition");
    return Object.entries(tests).map(([key, value]) => {
      const values = readValues(value).map((text) => readPattern(text, variables));
      if (key === "" || !values.every((pattern) => takesValue(operator, pattern))) {
        throw new PolicySyntaxError(`Invalid value for condition ${name} of the key ${key}`);
      }
      return {
        name,
        operator,
        ifExists: ifExists !== undefined,
        ...(set && { set: set.toLowerCase() === "forallvalues" ? ("all" as const) : ("any" as const) }),
        key: key.toLowerCase(),
        values,
      };
    });
  });
}

/** Numbers and booleans may be written without quotes. */
function readValues(value: unknown): string[] {
  const values = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  return values.map((item) => {
    if (typeof item === "string" || typeof item === "number" || typeof item === "boolean") return String(item);
    throw new PolicySyntaxError("Invalid Condition");
  });
}

function readTexts(value: unknown, complaint: string): string[] {
  const values = (Array.isArray(value) ? value : [value]) as readonly unknown[];
  if (values.length === 0) throw new PolicySyntaxError(complaint);
  return values.map((item) => {
    if (typeof item !== "string" || item === "") throw new PolicySyntaxError(complaint);
    return item;
  });
}

function refuseRepeatedSids(statements: readonly Json[]): void {
  const sids = statements.map((statement) => statement["Sid"]).filter(Boolean);
  if (new Set(sids).size < sids.length) {
    throw new PolicySyntaxError("Statement IDs (SID) in a single policy must be unique.");
  }
}

function refuseUnknown(object: Json, known: ReadonlySet<string>): void {
  const unknown = Object.keys(object).find((name) => !known.has(name));
  if (unknown !== undefined) throw new PolicySyntaxError(`Unknown field ${unknown}`);
}

function invalidPrincipal(): PolicySyntaxError {
  return new PolicySyntaxError("Invalid principal in policy");
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
