/** A statement of a resource-based policy, as IAM's grammar has it, in the forms that services here store. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  /** `*`, or by kind: `{AWS: "arn:aws:iam::123456789012:root"}`, `{Service: "s3.amazonaws.com"}`. */
  readonly Principal: "*" | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface PolicyRequest {
  readonly principal:
    | { readonly kind: "anonymous" }
    | { readonly kind: "account"; readonly accountId: string }
    /** A service that acts for itself, as S3 when it notifies a function. */
    | { readonly kind: "service"; readonly service: string };
  /** `lambda:InvokeFunction`. */
  readonly action: string;
  /** ARN. */
  readonly resource: string;
  /** Condition keys with their values, the names in lower case: `aws:sourcearn`. */
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Whether the statements allow a request: one allows it and none denies it (IAM, "Policy evaluation logic").
 * A statement that uses what this evaluator does not know applies to nothing when it allows, and to
 * everything that the rest of it covers when it denies.
 */
export function isAllowedByStatements(statements: readonly Statement[], request: PolicyRequest): boolean {
  let allowed = false;
  for (const statement of statements) {
    if (!covers(statement, request)) continue;
    if (statement.Effect === "Deny") return false;
    allowed = true;
  }
  return allowed;
}

function covers(statement: Statement, request: PolicyRequest): boolean {
  return (
    matchesPrincipal(statement.Principal, request.principal) &&
    // Actions are compared without case, as IAM does.
    matchesPattern(statement.Action.toLowerCase(), request.action.toLowerCase()) &&
    matchesPattern(statement.Resource, request.resource) &&
    Object.entries(statement.Condition ?? {}).every(([operator, tests]) =>
      Object.entries(tests).every(
        ([key, expected]) =>
          holds(operator, expected, request.context[key.toLowerCase()]) ?? statement.Effect === "Deny",
      ),
    )
  );
}

function matchesPrincipal(allowed: Statement["Principal"], principal: PolicyRequest["principal"]): boolean {
  if (allowed === "*") return true;
  if (principal.kind === "service") return allowed["Service"] === principal.service;
  const named = allowed["AWS"];
  if (named === "*") return true;
  if (named === undefined || principal.kind === "anonymous") return false;
  return named === principal.accountId || named === `arn:aws:iam::${principal.accountId}:root`;
}

/** Undefined for an operator that is not known here. A key that the request lacks fulfils no condition. */
function holds(operator: string, expected: string, actual: string | undefined): boolean | undefined {
  switch (operator) {
    case "StringEquals":
      return actual === expected;
    case "StringLike":
    case "ArnLike":
    case "ArnEquals":
      return actual !== undefined && matchesPattern(expected, actual);
    case "Bool":
      return actual?.toLowerCase() === expected.toLowerCase();
    default:
      return undefined;
  }
}

/** `*` stands for any characters, `?` for one. Without backtracking beyond the last `*`, so linear in practice. */
function matchesPattern(pattern: string, text: string): boolean {
  let at = 0;
  let position = 0;
  let star = -1;
  let resume = 0;
  while (position < text.length) {
    if (pattern[at] === "*") {
      star = at++;
      resume = position;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
