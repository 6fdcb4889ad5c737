import type { Violations } from "./constraints.ts";
import { lambdaError } from "./errors.ts";

/** A function as a request names it. */
export interface FunctionName {
  /** The account of the ARN, else the caller's. */
  readonly accountId: string;
  readonly name: string;
  /** From the name or from `Qualifier`: `$LATEST`, a number or an alias. */
  readonly qualifier: string | undefined;
}

export const LATEST = "$LATEST";

/** As in the service model: a name, `123456789012:function:name`, a full ARN; each with `:qualifier`. */
const FUNCTION_NAME =
  /^(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?$/;
const QUALIFIER = /^\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+$/;
const MAX_REFERENCE = 256;
/** Of the name alone (CreateFunction). */
export const MAX_NAME = 64;

export interface NameContext {
  readonly callerAccountId: string;
  readonly region: string;
}

/**
 * Splits `FunctionName` and joins it with the parameter `Qualifier`. What breaks the model goes to
 * `violations`, and the answer is then not to be used.
 * @throws ServiceError ResourceNotFoundException for another region, InvalidParameterValueException when
 *   name and parameter give two qualifiers.
 */
export function parseFunctionName(
  text: string,
  qualifier: string | undefined,
  context: NameContext,
  violations: Violations,
): FunctionName {
  violations.checkText("functionName", text, { min: 1, max: MAX_REFERENCE, pattern: FUNCTION_NAME });
  if (qualifier !== undefined) violations.checkText("qualifier", qualifier, { min: 1, max: 128, pattern: QUALIFIER });
  const parts = FUNCTION_NAME.exec(text);
  const accountId = parts?.[8]?.slice(0, -1) ?? context.callerAccountId;
  const name = parts?.[10] ?? "";
  const inName = parts?.[12];
  checkRegion(parts?.[3]?.slice(0, -1), context.region);
  if (inName !== undefined && qualifier !== undefined && inName !== qualifier) {
    throw lambdaError(
      "InvalidParameterValueException",
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  }
  return { accountId, name, qualifier: inName ?? qualifier };
}

function checkRegion(region: string | undefined, ours: string): void {
  if (region === undefined || region === ours) return;
  throw lambdaError(
    "ResourceNotFoundException",
    `Functions from '${region}' are not reachable in this region ('${ours}')`,
  );
}

/** `arn:aws:lambda:<region>:<account>:function:<name>`, with `:<qualifier>` where there is one. */
export function formatFunctionArn(
  region: string,
  { accountId, name, qualifier }: { accountId: string; name: string; qualifier?: string | undefined },
): string {
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

/** An event source mapping's. */
export function formatMappingArn(region: string, accountId: string, uuid: string): string {
  return `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuid}`;
}

/** The id of the mapping of this account and region that an ARN names; undefined for any other text. */
export function parseMappingArn(arn: string, region: string, accountId: string): string | undefined {
  const uuid = arn.slice(arn.lastIndexOf(":") + 1);
  return arn === formatMappingArn(region, accountId, uuid) ? uuid : undefined;
}

export function isVersionNumber(qualifier: string): boolean {
  return /^[0-9]+$/.test(qualifier);
}
