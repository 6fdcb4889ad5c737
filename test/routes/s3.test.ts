import { describe, expect, test } from "vitest";
import { resolveAddress } from "../../src/gateway/address.ts";
import { ServiceError } from "../../src/lib/errors.ts";
import { Query } from "../../src/lib/query.ts";
import { s3Operations } from "../../src/s3/operations.ts";
import { matchS3Operation } from "../../src/s3/service.ts";

/** Requests as the official SDK sends them, path style: `METHOD path?query [header: value, …] → operation`. */
const SDK_REQUESTS = [
  "GET /?x-id=ListBuckets → ListBuckets",
  "GET /?x-id=ListDirectoryBuckets → ListDirectoryBuckets",
  "PUT /bucket → CreateBucket",
  "POST /bucket?metadataConfiguration → CreateBucketMetadataConfiguration",
  "POST /bucket?metadataTable → CreateBucketMetadataTableConfiguration",
  "GET /bucket?session → CreateSession",
  "DELETE /bucket → DeleteBucket",
  "DELETE /bucket?analytics&id=1 → DeleteBucketAnalyticsConfiguration",
  "DELETE /bucket?cors → DeleteBucketCors",
  "DELETE /bucket?encryption → DeleteBucketEncryption",
  "DELETE /bucket?intelligent-tiering&id=1 → DeleteBucketIntelligentTieringConfiguration",
  "DELETE /bucket?inventory&id=1 → DeleteBucketInventoryConfiguration",
  "DELETE /bucket?lifecycle → DeleteBucketLifecycle",
  "DELETE /bucket?metadataConfiguration → DeleteBucketMetadataConfiguration",
  "DELETE /bucket?metadataTable → DeleteBucketMetadataTableConfiguration",
  "DELETE /bucket?metrics&id=1 → DeleteBucketMetricsConfiguration",
  "DELETE /bucket?ownershipControls → DeleteBucketOwnershipControls",
  "DELETE /bucket?policy → DeleteBucketPolicy",
  "DELETE /bucket?replication → DeleteBucketReplication",
  "DELETE /bucket?tagging → DeleteBucketTagging",
  "DELETE /bucket?website → DeleteBucketWebsite",
  "POST /bucket?delete → DeleteObjects",
  "DELETE /bucket?publicAccessBlock → DeletePublicAccessBlock",
  "GET /bucket?abac → GetBucketAbac",
  "GET /bucket?accelerate → GetBucketAccelerateConfiguration",
  "GET /bucket?acl → GetBucketAcl",
  "GET /bucket?analytics&x-id=GetBucketAnalyticsConfiguration&id=1 → GetBucketAnalyticsConfiguration",
  "GET /bucket?cors → GetBucketCors",
  "GET /bucket?encryption → GetBucketEncryption",
  "GET /bucket?intelligent-tiering&x-id=GetBucketIntelligentTieringConfiguration&id=1 → GetBucketIntelligentTieringConfiguration",
  "GET /bucket?inventory&x-id=GetBucketInventoryConfiguration&id=1 → GetBucketInventoryConfiguration",
  "GET /bucket?lifecycle → GetBucketLifecycleConfiguration",
  "GET /bucket?location → GetBucketLocation",
  "GET /bucket?logging → GetBucketLogging",
  "GET /bucket?metadataConfiguration → GetBucketMetadataConfiguration",
  "GET /bucket?metadataTable → GetBucketMetadataTableConfiguration",
  "GET /bucket?metrics&x-id=GetBucketMetricsConfiguration&id=1 → GetBucketMetricsConfiguration",
  "GET /bucket?notification → GetBucketNotificationConfiguration",
  "GET /bucket?ownershipControls → GetBucketOwnershipControls",
  "GET /bucket?policy → GetBucketPolicy",
  "GET /bucket?policyStatus → GetBucketPolicyStatus",
  "GET /bucket?replication → GetBucketReplication",
  "GET /bucket?requestPayment → GetBucketRequestPayment",
  "GET /bucket?tagging → GetBucketTagging",
  "GET /bucket?versioning → GetBucketVersioning",
  "GET /bucket?website → GetBucketWebsite",
  "GET /bucket?object-lock → GetObjectLockConfiguration",
  "GET /bucket?publicAccessBlock → GetPublicAccessBlock",
  "HEAD /bucket → HeadBucket",
  "GET /bucket?analytics&x-id=ListBucketAnalyticsConfigurations → ListBucketAnalyticsConfigurations",
  "GET /bucket?intelligent-tiering&x-id=ListBucketIntelligentTieringConfigurations → ListBucketIntelligentTieringConfigurations",
  "GET /bucket?inventory&x-id=ListBucketInventoryConfigurations → ListBucketInventoryConfigurations",
  "GET /bucket?metrics&x-id=ListBucketMetricsConfigurations → ListBucketMetricsConfigurations",
  "GET /bucket?uploads → ListMultipartUploads",
  "GET /bucket?versions → ListObjectVersions",
  "GET /bucket → ListObjects",
  "GET /bucket?list-type=2 → ListObjectsV2",
  "PUT /bucket?abac → PutBucketAbac",
  "PUT /bucket?accelerate → PutBucketAccelerateConfiguration",
  "PUT /bucket?acl → PutBucketAcl",
  "PUT /bucket?analytics&id=1 → PutBucketAnalyticsConfiguration",
  "PUT /bucket?cors → PutBucketCors",
  "PUT /bucket?encryption → PutBucketEncryption",
  "PUT /bucket?intelligent-tiering&id=1 → PutBucketIntelligentTieringConfiguration",
  "PUT /bucket?inventory&id=1 → PutBucketInventoryConfiguration",
  "PUT /bucket?lifecycle → PutBucketLifecycleConfiguration",
  "PUT /bucket?logging → PutBucketLogging",
  "PUT /bucket?metrics&id=1 → PutBucketMetricsConfiguration",
  "PUT /bucket?notification → PutBucketNotificationConfiguration",
  "PUT /bucket?ownershipControls → PutBucketOwnershipControls",
  "PUT /bucket?policy → PutBucketPolicy",
  "PUT /bucket?replication → PutBucketReplication",
  "PUT /bucket?requestPayment → PutBucketRequestPayment",
  "PUT /bucket?tagging → PutBucketTagging",
  "PUT /bucket?versioning → PutBucketVersioning",
  "PUT /bucket?website → PutBucketWebsite",
  "PUT /bucket?object-lock → PutObjectLockConfiguration",
  "PUT /bucket?publicAccessBlock → PutPublicAccessBlock",
  "PUT /bucket?metadataAnnotationTable → UpdateBucketMetadataAnnotationTableConfiguration",
  "PUT /bucket?metadataInventoryTable → UpdateBucketMetadataInventoryTableConfiguration",
  "PUT /bucket?metadataJournalTable → UpdateBucketMetadataJournalTableConfiguration",
  "POST /WriteGetObjectResponse [x-amz-request-route: r, x-amz-request-token: t] → WriteGetObjectResponse",
  "DELETE /bucket/key?x-id=AbortMultipartUpload&uploadId=u → AbortMultipartUpload",
  "POST /bucket/key?uploadId=u → CompleteMultipartUpload",
  "PUT /bucket/key?x-id=CopyObject [x-amz-copy-source: /source/key] → CopyObject",
  "POST /bucket/key?uploads → CreateMultipartUpload",
  "DELETE /bucket/key?x-id=DeleteObject → DeleteObject",
  "DELETE /bucket/key?annotation&annotationName=a → DeleteObjectAnnotation",
  "DELETE /bucket/key?tagging → DeleteObjectTagging",
  "GET /bucket/key?x-id=GetObject → GetObject",
  "GET /bucket/key?acl → GetObjectAcl",
  "GET /bucket/key?annotation&x-id=GetObjectAnnotation&annotationName=a → GetObjectAnnotation",
  "GET /bucket/key?attributes → GetObjectAttributes",
  "GET /bucket/key?legal-hold → GetObjectLegalHold",
  "GET /bucket/key?retention → GetObjectRetention",
  "GET /bucket/key?tagging → GetObjectTagging",
  "GET /bucket/key?torrent → GetObjectTorrent",
  "HEAD /bucket/key → HeadObject",
  "GET /bucket/key?annotation&x-id=ListObjectAnnotations → ListObjectAnnotations",
  "GET /bucket/key?x-id=ListParts&uploadId=u → ListParts",
  "PUT /bucket/key?x-id=PutObject → PutObject",
  "PUT /bucket/key?acl → PutObjectAcl",
  "PUT /bucket/key?annotation&annotationName=a → PutObjectAnnotation",
  "PUT /bucket/key?legal-hold → PutObjectLegalHold",
  "PUT /bucket/key?retention → PutObjectRetention",
  "PUT /bucket/key?tagging → PutObjectTagging",
  "PUT /bucket/key?renameObject [x-amz-rename-source: /bucket/old] → RenameObject",
  "POST /bucket/key?restore → RestoreObject",
  "POST /bucket/key?select&select-type=2 → SelectObjectContent",
  "PUT /bucket/key?encryption → UpdateObjectEncryption",
  "PUT /bucket/key?x-id=UploadPart&partNumber=1&uploadId=u → UploadPart",
  "PUT /bucket/key?x-id=UploadPartCopy&partNumber=1&uploadId=u [x-amz-copy-source: /source/key] → UploadPartCopy",
];

/** The same operations as other clients word them, and what has no operation in the SDK. */
const OTHER_REQUESTS = [
  "GET / → ListBuckets",
  "GET /?max-buckets=10&prefix=a → ListBuckets",
  "OPTIONS / → Preflight",
  "OPTIONS /bucket → Preflight",
  "OPTIONS /bucket/key → Preflight",
  "OPTIONS /bucket/key?uploadId=u&partNumber=1 → Preflight",
  "PUT /bucket/ → CreateBucket",
  "DELETE /bucket/ → DeleteBucket",
  "HEAD /bucket/ → HeadBucket",
  "GET /bucket/?prefix=a&delimiter=/ → ListObjects",
  "GET /bucket?list-type=1 → ListObjects",
  "GET /bucket?list-type=2&prefix=a → ListObjectsV2",
  "GET /bucket?unknown → ListObjects",
  "GET /bucket?acl= → GetBucketAcl",
  "GET /bucket?%61cl → GetBucketAcl",
  "GET /bucket?ACL → ListObjects",
  "GET /bucket?analytics → ListBucketAnalyticsConfigurations",
  "GET /bucket?analytics&id=1 → GetBucketAnalyticsConfiguration",
  "GET /bucket?versions&prefix=a → ListObjectVersions",
  "POST /bucket → PostObject",
  "POST /bucket/ → PostObject",
  "POST /bucket/?delete → DeleteObjects",
  "GET /bucket//key → GetObject",
  "GET /bucket/a/../b → GetObject",
  "GET /bucket/a%2Fb → GetObject",
  "GET /bucket/key?foo → GetObject",
  "GET /bucket/key?versionId=null → GetObject",
  "GET /bucket/key?partNumber=2 → GetObject",
  "GET /bucket/key?response-content-type=text/plain → GetObject",
  "GET /bucket/key?uploads → GetObject",
  "GET /bucket/key?annotation → ListObjectAnnotations",
  "HEAD /bucket/key?partNumber=2 → HeadObject",
  "HEAD /bucket/key?acl → HeadObject",
  "DELETE /bucket/key?versionId=null → DeleteObject",
  "PUT /bucket/key?foo=bar → PutObject",
  "PUT /bucket/key?partNumber=1 → PutObject",
  "PUT /bucket/folder/ → PutObject",
  "POST /bucket/key?restore&versionId=v → RestoreObject",
];

/** Refused with MethodNotAllowed: a change to something else must not become a change to the bucket or object. */
const REFUSED_REQUESTS = [
  "POST /",
  "PUT /",
  "DELETE /",
  "HEAD /",
  "PATCH /bucket",
  "POST /bucket/key",
  "POST /bucket/key?select",
  "DELETE /bucket?acl",
  "DELETE /bucket?versioning",
  "DELETE /bucket?logging",
  "DELETE /bucket?location",
  "DELETE /bucket?uploads",
  "DELETE /bucket?delete",
  "PUT /bucket?location",
  "PUT /bucket?policyStatus",
  "PUT /bucket?delete",
  "PUT /bucket?uploads",
  "POST /bucket?acl",
  "DELETE /bucket/key?acl",
  "DELETE /bucket/key?retention",
  "DELETE /bucket/key?uploads",
  "PUT /bucket/key?uploadId=u",
  "PUT /bucket/key?uploads",
  "PUT /bucket/key?torrent",
  "PUT /bucket/key?attributes",
];

const DOMAIN = "verge.test";

interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
}

function parseLine(line: string): RequestLine {
  const [, method, path, query, headers] = /^(\S+) ([^?\s]+)(?:\?(\S*))?(?: \[(.*)\])?$/.exec(line)!;
  const pairs = (headers ?? "").split(", ").filter((pair) => pair !== "");
  return {
    method: method!,
    path: path!,
    query: query ?? "",
    headers: new Headers(pairs.map((pair): [string, string] => [pair.split(": ")[0]!, pair.split(": ")[1]!])),
  };
}

function match(host: string, { method, path, query, headers }: RequestLine): string {
  const address = resolveAddress(host, path, DOMAIN);
  if (address.service !== "s3") throw new Error(`${path} is not S3's`);
  return matchS3Operation(method, address.bucket, address.key, new Query(query), headers).name;
}

function split(line: string): [request: string, operation: string] {
  const [request, operation] = line.split(" → ");
  return [request!, operation!];
}

const routed = [...SDK_REQUESTS, ...OTHER_REQUESTS].map(split);
/** Requests to one bucket, for the virtual-hosted form. */
const toBucket = routed.filter(([request]) => / \/bucket/.test(request));

describe("path style", () => {
  test.each(routed)("%s → %s", (request, operation) => {
    expect(match(DOMAIN, parseLine(request))).toBe(operation);
  });
});

describe("virtual-hosted style", () => {
  test.each(toBucket)("%s → %s", (request, operation) => {
    const line = parseLine(request);
    const path = line.path.replace(/^\/bucket\/?/, "/");
    expect(match(`bucket.s3.${DOMAIN}`, { ...line, path })).toBe(operation);
    expect(match(`bucket.with.dots.${DOMAIN}`, { ...line, path })).toBe(operation);
  });
});

test.each(REFUSED_REQUESTS)("%s is not allowed", (request) => {
  expect(() => match(DOMAIN, parseLine(request))).toThrow(
    expect.objectContaining({ constructor: ServiceError, code: "MethodNotAllowed", status: 405 }),
  );
});

test("an answer that a method is not allowed tells those that are", () => {
  const allow = "GET, HEAD, PUT, DELETE, POST, OPTIONS";
  expect(() => match(DOMAIN, parseLine("POST /bucket/key"))).toThrow(
    expect.objectContaining({ headers: { allow }, detail: { Method: "POST", ResourceType: "OBJECT" } }),
  );
});

test("every row has a golden line", () => {
  const tested = new Set(routed.map(([, operation]) => operation));
  expect(s3Operations.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
});
