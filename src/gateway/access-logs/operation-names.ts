/** What an access log calls the resource of an operation; see "Amazon S3 server access log format", Operation. */
const RESOURCES: Readonly<Record<string, string>> = {
  GetObject: "OBJECT",
  HeadObject: "OBJECT",
  PutObject: "OBJECT",
  PostObject: "OBJECT",
  DeleteObject: "OBJECT",
  RenameObject: "OBJECT",
  GetObjectAttributes: "OBJECT_ATTRIBUTES",
  CreateBucket: "BUCKET",
  HeadBucket: "BUCKET",
  DeleteBucket: "BUCKET",
  ListObjects: "BUCKET",
  ListObjectsV2: "BUCKET",
  ListObjectVersions: "BUCKETVERSIONS",
  DeleteObjects: "MULTI_OBJECT_DELETE",
  CreateMultipartUpload: "UPLOADS",
  ListMultipartUploads: "UPLOADS",
  UploadPart: "PART",
  CompleteMultipartUpload: "UPLOAD",
  AbortMultipartUpload: "UPLOAD",
  ListParts: "UPLOAD",
  Preflight: "PREFLIGHT",
};

/** By sub-resource; what is not here is its name in capitals. */
const SUB_RESOURCES: Readonly<Record<string, string>> = {
  policy: "BUCKETPOLICY",
  logging: "LOGGING_STATUS",
  publicAccessBlock: "PUBLIC_ACCESS_BLOCK",
  policyStatus: "POLICY_STATUS",
  requestPayment: "REQUEST_PAYMENT",
  ownershipControls: "OWNERSHIP_CONTROLS",
};

const COPIES: Readonly<Record<string, string>> = {
  CopyObject: "REST.COPY.OBJECT",
  UploadPartCopy: "REST.COPY.PART",
};

/** `REST.PUT.OBJECT`. `subResource`: the first parameter of the query. */
export function nameOperation(operation: string, method: string, subResource: string, key: string): string {
  if (operation === "Website") return `WEBSITE.${method}.OBJECT`;
  const copy = COPIES[operation];
  if (copy !== undefined) return copy;
  return `REST.${method}.${RESOURCES[operation] ?? nameSubResource(subResource, key)}`;
}

function nameSubResource(name: string, key: string): string {
  if (name === "") return key === "" ? "BUCKET" : "OBJECT";
  if (name === "tagging" && key !== "") return "OBJECT_TAGGING";
  return SUB_RESOURCES[name] ?? name.toUpperCase().replaceAll("-", "_");
}
