import { element, type XmlNode } from "../../lib/xml.ts";
import type { ObjectOwnership } from "../../metadata/bucket/documents.ts";
import type { S3Call, S3Result } from "../call.ts";
import { s3Error } from "../errors.ts";
import {
  changeDocuments,
  checkChildren,
  findDocuments,
  missingDocument,
  readDocument,
  requireChild,
  requireText,
} from "./document.ts";
import { findBucketOwner } from "../owner.ts";

/** PutBucketOwnershipControls: whether ACLs count. A bucket whose ACL gives rights to others keeps its ACLs. */
export async function putBucketOwnershipControls(call: S3Call): Promise<S3Result> {
  const objectOwnership = readOwnership(await readDocument(call, "OwnershipControls"));
  const { canonicalId } = await findBucketOwner(call);
  await changeDocuments(call, { objectOwnership }, ({ acl }) => {
    const shared = acl?.grants.some(({ grantee }) => grantee.kind === "group" || grantee.canonicalId !== canonicalId);
    if (objectOwnership === "BucketOwnerEnforced" && shared) throw s3Error("InvalidBucketAclWithObjectOwnership");
  });
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

function readOwnership(root: XmlNode): ObjectOwnership {
  checkChildren(root, ["Rule"]);
  const rule = requireChild(root, "Rule");
  checkChildren(rule, ["ObjectOwnership"]);
  const ownership = requireText(rule, "ObjectOwnership");
  if (!isObjectOwnership(ownership)) throw s3Error("MalformedXML");
  return ownership;
}

export function isObjectOwnership(text: string): text is ObjectOwnership {
  return text === "BucketOwnerEnforced" || text === "BucketOwnerPreferred" || text === "ObjectWriter";
}
