/** A policy document, read: every list is a list, every pattern is ready to be compared. */
export interface Policy {
  readonly version: PolicyVersion;
  readonly id?: string;
  readonly statements: readonly Statement[];
}

/** Variables (`${aws:username}`) are known to the newer one alone. */
export type PolicyVersion = "2008-10-17" | "2012-10-17";

export interface Statement {
  /** The Sid, or the position (`#1`): what a decision names. */
  readonly label: string;
  readonly effect: "Allow" | "Deny";
  /** Absent in identity-based policies, which are about whoever they are attached to. */
  readonly principals?: Principals;
  readonly actions: Patterns;
  /** Absent in trust policies, which are about the role that they belong to. */
  readonly resources?: Patterns;
  readonly conditions: readonly Condition[];
}

export interface Patterns {
  /** NotAction, NotResource: everything but these. */
  readonly negated: boolean;
  readonly patterns: readonly Pattern[];
}

export interface Principals {
  /** NotPrincipal. */
  readonly negated: boolean;
  readonly everyone: boolean;
  /** Account ids and ARNs, as written. */
  readonly aws: readonly string[];
  readonly services: readonly string[];
  /** S3's ids of accounts. */
  readonly canonicalUsers: readonly string[];
  readonly federated: readonly string[];
}

export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly name: string;
  readonly operator: string;
  readonly ifExists: boolean;
  readonly set?: "all" | "any";
  /** In lower case. */
  readonly key: string;
  readonly values: readonly Pattern[];
}

/** Text with wildcards and variables. `parts` is absent where the text has neither. */
export interface Pattern {
  readonly text: string;
  readonly parts?: readonly PatternPart[];
}

export type PatternPart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "one" }
  | { readonly kind: "variable"; readonly key: string; readonly fallback?: string };

/** Condition keys of a request, by name in lower case (`aws:sourceip`); undefined where it has no such key. */
export type ConditionContext = (key: string) => readonly string[] | undefined;
