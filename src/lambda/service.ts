import { OperationTable } from "../lib/operation.ts";
import { decodePercent } from "../lib/percent.ts";
import type { Query } from "../lib/query.ts";
import type { LambdaOperation } from "./call.ts";
import { Violations } from "./constraints.ts";
import { lambdaError } from "./errors.ts";
import { type FunctionName, type NameContext, parseFunctionName } from "./names.ts";
import { lambdaOperations } from "./operations.ts";

const table = new OperationTable(lambdaOperations);

/** The dates that Lambda's paths begin with. */
const API_VERSIONS: ReadonlySet<string> = new Set(lambdaOperations.map(({ path }) => path.split("/")[1]!));

/** Whether a raw path is one of Lambda's: other services have versioned paths too. */
export function isLambdaPath(rawPath: string): boolean {
  return API_VERSIONS.has(rawPath.split("/", 2)[1] ?? "");
}

export interface MatchedOperation {
  readonly operation: LambdaOperation;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The operation that a request names. A slash at the end means nothing: botocore sends one where newer
 * models have none.
 * @throws ServiceError UnknownOperationException
 */
export function matchLambdaOperation(
  method: string,
  rawPath: string,
  query: Query,
  headers: Headers,
): MatchedOperation {
  const segments = rawPath.replace(/\/$/, "").split("/").slice(1).map(decodePercent);
  const template = table.findTemplate(segments);
  const operation = template && table.select(method, template.path, query, headers);
  if (operation) return { operation, parameters: template.parameters };
  throw lambdaError("UnknownOperationException", `Lambda has no operation ${method} ${rawPath}`);
}

/** The function that a request is about. Its name is empty where the operation is about none. */
export function readTarget({ parameters }: MatchedOperation, query: Query, context: NameContext): FunctionName {
  const none = { accountId: context.callerAccountId, name: "", qualifier: undefined };
  const { FunctionName: named, Resource: tagged } = parameters;
  // Tags exist on other resources too.
  if (tagged !== undefined && !/^arn:[^:]*:lambda:[^:]*:[^:]*:function:/.test(tagged)) return none;
  const text = named ?? tagged;
  if (text === undefined) return none;
  const violations = new Violations();
  const target = parseFunctionName(text, query.get("Qualifier"), context, violations);
  violations.throwAny();
  return target;
}
