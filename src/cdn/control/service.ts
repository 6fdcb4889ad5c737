import { OperationTable } from "../../lib/operation.ts";
import { decodePercent } from "../../lib/percent.ts";
import type { Query } from "../../lib/query.ts";
import type { CdnOperation } from "./call.ts";
import { cloudFrontError } from "./errors.ts";
import { cdnOperations } from "./operations.ts";

const table = new OperationTable(cdnOperations);

export interface MatchedCdnOperation {
  readonly operation: CdnOperation;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The operation that a request names. A slash at the end means nothing.
 * @throws ServiceError InvalidAction
 */
export function matchCdnOperation(
  method: string,
  rawPath: string,
  query: Query,
  headers: Headers,
): MatchedCdnOperation {
  const segments = rawPath.replace(/\/$/, "").split("/").slice(1).map(decodePercent);
  const template = table.findTemplate(segments);
  const operation = template && table.select(method, template.path, query, headers);
  if (operation) return { operation, parameters: template.parameters };
  throw cloudFrontError("InvalidAction", `CloudFront has no operation ${method} ${rawPath}`);
}
