import type { HeaderFields } from "../lib/header-fields.ts";
import { type AccessRequest, OperationTable } from "../lib/operation.ts";
import type { Query } from "../lib/query.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";
import { s3Operations } from "./operations.ts";

export type S3Operation = (typeof s3Operations)[number];
const table = new OperationTable(s3Operations);

/** Query parameters that narrow a sub-resource down or belong to reads of the object itself. */
const NOT_SUB_RESOURCES = new Set(["id", "annotationName", "partNumber"]);
/** The sub-resources that any operation names, `acl`, `uploads`, … */
const subResources = collectSubResources();

/** The operation that a request names, by the level of its path, its method, query and headers. */
export function matchS3Operation(
  method: string,
  bucketName: string,
  key: string,
  query: Query,
  headers: HeaderFields,
): S3Operation {
  // `//key`: an empty name, not the service.
  if (bucketName === "" && key !== "") throw s3Error("InvalidBucketName", { detail: { BucketName: "" } });
  const path = bucketName === "" ? "/" : key === "" ? "/{Bucket}" : "/{Bucket}/{Key+}";
  const row = table.select(method, path, query, headers);
  if (row && !missesSubResource(row, query)) return row;
  throw s3Error("MethodNotAllowed", {
    detail: { Method: method, ResourceType: bucketName === "" ? "SERVICE" : key === "" ? "BUCKET" : "OBJECT" },
    headers: { allow: table.methodsOf(path).join(", ") },
  });
}

/**
 * Whether a change is addressed to a sub-resource that its row knows nothing of: `DELETE /bucket?acl` must
 * not delete the bucket. Parameters that S3 has no meaning for are ignored, as S3 ignores them, and so is
 * everything on reads.
 */
function missesSubResource(row: S3Operation, query: Query): boolean {
  if (row.method === "GET" || row.method === "HEAD" || row.method === "OPTIONS") return false;
  for (const name of query.names()) {
    if (subResources.has(name) && row.query?.[name] === undefined) return true;
  }
  return false;
}

function collectSubResources(): Set<string> {
  const names = new Set<string>();
  for (const { query = {} } of s3Operations) {
    for (const name in query) {
      if (query[name] === true && !NOT_SUB_RESOURCES.has(name)) names.add(name);
    }
  }
  return names;
}

/** What must be allowed before the operation runs: its row's action on the addressed resource, or what the row lists. */
export function listAccessRequests(operation: S3Operation, call: S3Call): readonly AccessRequest[] {
  if (typeof operation.access === "function") return operation.access(call);
  if (call.bucketName === "") return [{ action: operation.access }];
  return [{ action: operation.access, bucket: call.bucketName, ...(call.key === "" ? {} : { key: call.key }) }];
}
