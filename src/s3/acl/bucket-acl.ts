import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import type { Acl } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { changeDocuments } from "../config/document.ts";
import { s3Error } from "../errors.ts";
import { findBucketOwner, type Owner } from "../owner.ts";
import { parseXmlBody, readBoundedBody } from "../xml-body.ts";
import { readAclDocument } from "./grants.ts";
import { renderAcl } from "./render.ts";
import { readAclHeaders, refusePublic } from "./write-acl.ts";

const MAX_DOCUMENT_BYTES = 64 * 1024;

/** PutBucketAcl: by a name, by headers of grants, or by a document. */
export async function putBucketAcl(call: S3Call): Promise<S3Result> {
  const config = await call.bucket.currentConfig();
  if (!aclsCount(config)) throw s3Error("AccessControlListNotSupported");
  const owner = await findBucketOwner(call);
  const acl = await readAcl(call, "bucket", owner, owner);
  await refusePublic(call, acl, config.documents);
  await changeDocuments(call, { acl });
  return {};
}

/** GetBucketAcl: where ACLs are off, everything to the owner. */
export async function getBucketAcl(call: S3Call): Promise<S3Result> {
  const config = await call.bucket.currentConfig();
  const acl = aclsCount(config) ? config.documents?.acl : undefined;
  return { xml: await renderAcl(call, await findBucketOwner(call), acl) };
}

/** The ACL of a Put call, which says it in its headers or in its body. */
export async function readAcl(
  call: S3Call,
  kind: "bucket" | "object",
  { canonicalId: owner }: Owner,
  { canonicalId: bucketOwner }: Owner,
): Promise<Acl> {
  const body = await readBoundedBody(call, MAX_DOCUMENT_BYTES);
  const named = await readAclHeaders(call, kind, { owner, bucketOwner });
  if (named && body.length > 0) throw s3Error("UnexpectedContent");
  if (named) return named;
  if (body.length === 0) {
    throw s3Error("MissingSecurityHeader", {
      message: "Your request was missing a required header",
      detail: { MissingHeaderName: "x-amz-acl" },
    });
  }
  return readAclDocument(parseXmlBody(body), owner, call);
}
