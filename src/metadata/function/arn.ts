/** What the ARN of a function names. */
export interface FunctionArn {
  readonly region: string;
  readonly accountId: string;
  readonly name: string;
  /** A version's number or an alias; absent for the function itself. */
  readonly qualifier?: string;
}

const FUNCTION_ARN =
  /^arn:aws:lambda:([a-z0-9-]+):(\d{12}):function:([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;

/** Undefined for what is no ARN of a function. `$LATEST` is the function itself. */
export function parseFunctionArn(text: string): FunctionArn | undefined {
  const [, region, accountId, name, qualifier] = FUNCTION_ARN.exec(text) ?? [];
  if (region === undefined || accountId === undefined || name === undefined) return undefined;
  return { region, accountId, name, ...(qualifier !== undefined && qualifier !== "$LATEST" && { qualifier }) };
}
