import { OperationTable } from "../lib/operation.ts";
import { decodePercent } from "../lib/percent.ts";
import type { Query } from "../lib/query.ts";
import type { SchedulerOperation } from "./call.ts";
import { schedulerError } from "./errors.ts";
import { schedulerOperations } from "./operations.ts";

const table = new OperationTable(schedulerOperations);

/** The operation that a request names. @throws ServiceError UnknownOperationException */
export function matchSchedulerOperation(
  method: string,
  rawPath: string,
  query: Query,
  headers: Headers,
): { readonly operation: SchedulerOperation; readonly parameters: Readonly<Record<string, string>> } {
  const template = table.findTemplate(readSegments(rawPath));
  const operation = template && table.select(method, template.path, query, headers);
  if (operation) return { operation, parameters: template.parameters };
  throw schedulerError("UnknownOperationException", `EventBridge Scheduler has no operation ${method} ${rawPath}`);
}

/** Some clients leave the slash of an ARN in a path as it is. */
function readSegments(rawPath: string): string[] {
  const [first = "", ...rest] = rawPath.replace(/\/$/, "").split("/").slice(1).map(decodePercent);
  return first === "tags" && rest.length > 0 ? [first, rest.join("/")] : [first, ...rest];
}
