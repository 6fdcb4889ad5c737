import type { Operation } from "../lib/operation.ts";
import { element, type XmlElement } from "../lib/xml.ts";
import type { S3Call, S3Result } from "./call.ts";

type Row = Operation<S3Call, S3Result>;
type Handler = Row["handle"];

const BUCKET = "/{Bucket}";

/**
 * Reads of configuration that cannot be written yet. Their answer is known all the same: what S3 says of a
 * bucket for which nothing was configured. Terraform and others read every one of them back and stop at
 * a 501.
 */
export const subResourceDefaults: readonly Row[] = [
  read(
    "GetBucketAbac",
    BUCKET,
    "abac",
    "s3:GetBucketAbac",
    always(element("AbacStatus", element("Status", "Disabled"))),
  ),
];

function read(name: string, path: string, subResource: string, access: string, handle: Handler): Row {
  return { name, method: "GET", path, query: { [subResource]: true }, access, handle };
}

function always(xml: XmlElement): Handler {
  return async () => ({ xml });
}
