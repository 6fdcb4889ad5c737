import { element, type XmlNode } from "../../lib/xml.ts";
import type { S3Call, S3Result } from "../call.ts";
import { notImplementedHeader, s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
  readDocument,
  requireChild,
  requireText,
} from "./document.ts";
import { findPublicAccessBlock } from "./public-access-block.ts";

/** ACLs that a bucket accepts whose owner owns everything in it: they say nothing else. */
const HARMLESS_ACLS = new Set(["", "private", "bucket-owner-full-control"]);
const PUBLIC_ACLS = new Set(["public-read", "public-read-write", "authenticated-read"]);

/** PutBucketOwnershipControls: the owner of the bucket owns everything in it; the other choices need ACLs. */
export async function putBucketOwnershipControls(call: S3Call): Promise<S3Result> {
  const objectOwnership = readOwnership(await readDocument(call, "OwnershipControls"));
  await changeDocuments(call, { objectOwnership });
  return {};
}

/** GetBucketOwnershipControls */
export async function getBucketOwnershipControls(call: S3Call): Promise<S3Result> {
  const { objectOwnership = "BucketOwnerEnforced" } = await findDocuments(call);
  if (objectOwnership === "none") throw missingDocument(call, "OwnershipControlsNotFoundError");
  return { xml: element("OwnershipControls", element("Rule", element("ObjectOwnership", objectOwnership))) };
}

/** DeleteBucketOwnershipControls */
export async function deleteBucketOwnershipControls(call: S3Call): Promise<S3Result> {
  await changeDocuments(call, { objectOwnership: "none" });
  return { status: 204 };
}

/**
 * `x-amz-acl` of a write: refused where ACLs are off, as they are in new buckets, or by Block Public Access.
 * Asks the index only where the header says something.
 */
export async function refuseAcl(call: S3Call): Promise<void> {
  const acl = call.headers.get("x-amz-acl") ?? "";
  if (HARMLESS_ACLS.has(acl)) return;
  const { objectOwnership } = await findDocuments(call);
  if (objectOwnership !== "none") throw s3Error("AccessControlListNotSupported");
  const block = await findPublicAccessBlock(call);
  if (block?.blockPublicAcls && PUBLIC_ACLS.has(acl)) throw s3Error("AccessDenied");
  throw notImplementedHeader("x-amz-acl");
}

function readOwnership(root: XmlNode): "BucketOwnerEnforced" {
  checkChildren(root, ["Rule"]);
  const rule = requireChild(root, "Rule");
  checkChildren(rule, ["ObjectOwnership"]);
  const ownership = requireText(rule, "ObjectOwnership");
  if (ownership === "BucketOwnerEnforced") return ownership;
  if (ownership !== "BucketOwnerPreferred" && ownership !== "ObjectWriter") throw s3Error("MalformedXML");
  throw s3Error("NotImplemented", {
    message: `ObjectOwnership ${ownership} needs ACLs, which this deployment does not implement.`,
  });
}
