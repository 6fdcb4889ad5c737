import { type AccessRequest, OperationTable } from "../lib/operation.ts";
import { s3Operations } from "./operations.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";
import type { Query } from "../lib/query.ts";

export type S3Operation = (typeof s3Operations)[number];
const table = new OperationTable(s3Operations);

/** The operation that a request names, by the level of its path, its method, query and headers. */
export function matchS3Operation(method: string, bucketName: string, key: string, query: Query, headers: Headers): S3Operation {
  const path = bucketName === "" ? "/" : key === "" ? "/{Bucket}" : "/{Bucket}/{Key+}";
  const row = table.select(method, path, query, headers);
  if (row) return row;
  throw s3Error("MethodNotAllowed", {
    detail: { Method: method, ResourceType: bucketName === "" ? "SERVICE" : key === "" ? "BUCKET" : "OBJECT" },
    headers: { allow: table.methodsOf(path).join(", ") },
  });
}

/** What must be allowed before the operation runs: its row's action on the addressed resource, or what the row lists. */
export function listAccessRequests(operation: S3Operation, call: S3Call): readonly AccessRequest[] {
  if (typeof operation.access === "function") return operation.access(call);
  if (call.bucketName === "") return [{ action: operation.access }];
  return [{ action: operation.access, bucket: call.bucketName, ...(call.key === "" ? {} : { key: call.key }) }];
}
