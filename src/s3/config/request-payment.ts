import type { Identity } from "../../auth/identity.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { element } from "../../lib/xml.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import { changeDocuments, checkChildren, findDocuments, readDocument, requireText } from "./document.ts";

const ROOT = "RequestPaymentConfiguration";
const HEADER = "x-amz-request-payer";

/** PutBucketRequestPayment */
export async function putBucketRequestPayment(call: S3Call): Promise<S3Result> {
  const root = await readDocument(call, ROOT);
  checkChildren(root, ["Payer"]);
  const payer = requireText(root, "Payer");
  if (payer !== "Requester" && payer !== "BucketOwner") throw s3Error("MalformedXML");
  await changeDocuments(call, { requestPayer: payer === "Requester" ? payer : undefined });
  return {};
}

/** GetBucketRequestPayment */
export async function getBucketRequestPayment(call: S3Call): Promise<S3Result> {
  const { requestPayer = "BucketOwner" } = await findDocuments(call);
  return { xml: element(ROOT, element("Payer", requestPayer)) };
}

/** Others than the owner must say that they know who pays; who is anonymous cannot pay. Nobody is charged here. */
export function checkRequestPayer(identity: Identity, headers: HeaderFields, config: BucketConfig): void {
  if (config.documents?.requestPayer !== "Requester") return;
  if (identity.kind === "account" && identity.account.id === config.accountId) return;
  const agrees = headers.get(HEADER)?.toLowerCase() === "requester";
  if (identity.kind === "anonymous" || !agrees) throw s3Error("AccessDenied");
}
