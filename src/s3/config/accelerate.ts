import { element, optionalElement } from "../../lib/xml.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { changeDocuments, checkChildren, findDocuments, readUncheckedDocument, requireText } from "./document.ts";

const ROOT = "AccelerateConfiguration";

/** PutBucketAccelerateConfiguration: kept and answered; every location of the network is as near as it can be anyway. */
export async function putBucketAccelerateConfiguration(call: S3Call): Promise<S3Result> {
  const root = await readUncheckedDocument(call, ROOT);
  checkChildren(root, ["Status"]);
  const accelerate = requireText(root, "Status");
  if (accelerate !== "Enabled" && accelerate !== "Suspended") throw s3Error("MalformedXML");
  if (call.bucketName.includes(".")) {
    throw s3Error("InvalidRequest", {
      message: "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names",
    });
  }
  await changeDocuments(call, { accelerate });
  return {};
}

/** GetBucketAccelerateConfiguration */
export async function getBucketAccelerateConfiguration(call: S3Call): Promise<S3Result> {
  const { accelerate } = await findDocuments(call);
  return { xml: element(ROOT, optionalElement("Status", accelerate)) };
}
