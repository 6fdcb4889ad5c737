import type { Access, Method, Operation } from "../lib/operation.ts";
import type { S3Call, S3Result } from "./call.ts";
import { s3Error } from "./errors.ts";

/** Part of S3 that an operation belongs to, as docs/compatibility.md groups them. */
export type Area =
  | "Access control"
  | "Lifecycle"
  | "Encryption"
  | "Reports and metrics"
  | "Requests and transfer"
  | "Directory buckets"
  | "Metadata tables"
  | "Annotations"
  | "Object Lambda"
  | "Retired by AWS";

/** Areas that no version of Verge is meant to serve: they exist for products of AWS that have no counterpart here. */
export const AREAS_NOT_PLANNED: ReadonlySet<Area> = new Set<Area>([
  "Directory buckets",
  "Metadata tables",
  "Annotations",
  "Object Lambda",
  "Retired by AWS",
]);

export interface UnsupportedOperation extends Operation<S3Call, S3Result> {
  readonly area: Area;
}

type Selectors = Pick<UnsupportedOperation, "query" | "headers">;

const SERVICE = "/";
const BUCKET = "/{Bucket}";
const OBJECT = "/{Bucket}/{Key+}";

/**
 * Operations of S3 that are known and not served: they answer 501 and name themselves, so that a client's
 * log says what is missing. Actions as in the Service Authorization Reference; deleting a configuration
 * mostly needs the permission to put one.
 */
export const unsupportedOperations: readonly UnsupportedOperation[] = [
  row("Access control", "PutBucketAbac", "PUT", BUCKET, "s3:PutBucketAbac", sub("abac")),

  row("Encryption", "UpdateObjectEncryption", "PUT", OBJECT, "s3:UpdateObjectEncryption", sub("encryption")),

  row("Directory buckets", "CreateSession", "GET", BUCKET, "s3express:CreateSession", sub("session")),
  row("Directory buckets", "ListDirectoryBuckets", "GET", SERVICE, "s3express:ListAllMyDirectoryBuckets", {
    query: { "x-id": "ListDirectoryBuckets" },
  }),

  ...metadataTables(),
  ...annotations(),

  // Its own path on AWS; with path style it looks like a POST to a bucket of that name.
  row("Object Lambda", "WriteGetObjectResponse", "POST", BUCKET, "s3-object-lambda:WriteGetObjectResponse", {
    headers: ["x-amz-request-route", "x-amz-request-token"],
  }),

  row("Retired by AWS", "SelectObjectContent", "POST", OBJECT, "s3:GetObject", {
    query: { select: true, "select-type": "2" },
  }),
  row("Retired by AWS", "GetObjectTorrent", "GET", OBJECT, "s3:GetObjectTorrent", sub("torrent")),
];

function metadataTables(): UnsupportedOperation[] {
  const area = "Metadata tables";
  const action = (verb: string) => `s3:${verb}BucketMetadataTableConfiguration`;
  return [
    row(area, "CreateBucketMetadataConfiguration", "POST", BUCKET, action("Create"), sub("metadataConfiguration")),
    row(area, "GetBucketMetadataConfiguration", "GET", BUCKET, action("Get"), sub("metadataConfiguration")),
    row(area, "DeleteBucketMetadataConfiguration", "DELETE", BUCKET, action("Delete"), sub("metadataConfiguration")),
    row(area, "CreateBucketMetadataTableConfiguration", "POST", BUCKET, action("Create"), sub("metadataTable")),
    row(area, "GetBucketMetadataTableConfiguration", "GET", BUCKET, action("Get"), sub("metadataTable")),
    row(area, "DeleteBucketMetadataTableConfiguration", "DELETE", BUCKET, action("Delete"), sub("metadataTable")),
    ...(["Annotation", "Inventory", "Journal"] as const).map((table) => {
      const name = `UpdateBucketMetadata${table}TableConfiguration`;
      return row(area, name, "PUT", BUCKET, `s3:${name}`, sub(`metadata${table}Table`));
    }),
  ];
}

function annotations(): UnsupportedOperation[] {
  const area = "Annotations";
  return [
    row(area, "PutObjectAnnotation", "PUT", OBJECT, "s3:PutObjectAnnotation", sub("annotation")),
    row(area, "GetObjectAnnotation", "GET", OBJECT, "s3:GetObjectAnnotation", {
      query: { annotation: true, annotationName: true },
    }),
    row(area, "ListObjectAnnotations", "GET", OBJECT, "s3:ListObjectAnnotations", sub("annotation")),
    row(area, "DeleteObjectAnnotation", "DELETE", OBJECT, "s3:DeleteObjectAnnotation", sub("annotation")),
  ];
}

function row(
  area: Area,
  name: string,
  method: Method,
  path: string,
  access: Access<S3Call>,
  selectors: Selectors = {},
): UnsupportedOperation {
  return { name, method, path, ...selectors, access, handle: refuse, area };
}

/** Selected by a sub-resource: `?acl`. */
function sub(name: string): Selectors {
  return { query: { [name]: true } };
}

async function refuse(call: S3Call): Promise<S3Result> {
  throw s3Error("NotImplemented", { message: `${call.operation} is not implemented by this deployment.` });
}
