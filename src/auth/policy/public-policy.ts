import { parseIpRange } from "./ip-ranges.ts";
import { hasVariable, hasWildcard } from "./patterns.ts";
import type { Condition, Pattern, Policy, Statement } from "./policy.ts";

/**
 * Keys whose fixed values make a grant to everyone one that is not public (Amazon S3 User Guide, "Blocking public
 * access to your Amazon S3 storage", "The meaning of public"), in lower case.
 */
const LIMITING_KEYS = new Set([
  "aws:principalaccount",
  "aws:principalarn",
  "aws:principalorgid",
  "aws:principalorgpaths",
  "aws:sourceaccount",
  "aws:sourcearn",
  "aws:sourceip",
  "aws:sourceorgid",
  "aws:sourceorgpaths",
  "aws:sourceowner",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:userid",
  "aws:vpcsourceip",
  "s3:dataaccesspointaccount",
  "s3:dataaccesspointarn",
  "s3:x-amz-server-side-encryption-aws-kms-key-id",
]);
const LIMITING_OPERATORS = new Set([
  "StringEquals",
  "StringEqualsIgnoreCase",
  "StringLike",
  "ArnEquals",
  "ArnLike",
  "IpAddress",
]);
/** Ranges that are wider hold the world. */
const WIDEST = { 4: 8, 6: 32 } as const;

/** Whether a bucket policy lets anybody in whom it does not know. */
export function isPublicPolicy({ statements }: Policy): boolean {
  return statements.some(isPublicStatement);
}

function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect === "Deny" || !principals) return false;
  // All but those who are named are everyone.
  if (!principals.everyone && !principals.negated) return false;
  return !conditions.some(limits);
}

function limits({ operator, ifExists, set, key, values }: Condition): boolean {
  // With IfExists, and of an empty set, a request without the key is allowed.
  if (ifExists || set === "all") return false;
  if (!LIMITING_KEYS.has(key) || !LIMITING_OPERATORS.has(operator)) return false;
  return values.every((value) => isFixed(key, value));
}

function isFixed(key: string, value: Pattern): boolean {
  if (hasVariable(value)) return false;
  if (key === "aws:sourceip" || key === "aws:vpcsourceip") return isNarrow(value.text);
  // Sessions of one role: the role's id is fixed.
  if (key === "aws:userid") return !hasWildcard(value) || /^AROA\w+:\*$/.test(value.text);
  // Whole ARNs of one account.
  if (key === "aws:sourcearn" || key === "aws:principalarn") {
    return !hasWildcard(value) || /^arn:aws[\w-]*:[\w-]+:[\w-]*:\d{12}:/.test(value.text);
  }
  return !hasWildcard(value);
}

function isNarrow(text: string): boolean {
  const range = parseIpRange(text);
  return range !== undefined && range.prefix >= WIDEST[range.version];
}
