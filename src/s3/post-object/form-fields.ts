import type { SignedPolicy } from "../../auth/post-policy.ts";
import { isHeader } from "../../lib/header-syntax.ts";
import { parseXml } from "../../lib/xml.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { readTagSet } from "../tags.ts";
import { missingField } from "./form-errors.ts";

/** Values by name in lower case. */
export type FormFields = ReadonlyMap<string, string>;

/** Fields that are the headers of a PutObject, beside all `x-amz-*`. */
const HEADER_FIELDS = new Set([
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-md5",
  "content-type",
  "expires",
]);

/** Fields of the signature: they say nothing about the object. */
const SIGNATURE_FIELDS = new Set([
  "x-amz-algorithm",
  "x-amz-credential",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-signature",
]);

/**
 * The fields as conditions and headers see them: `${filename}` replaced, which all fields may contain, by the name of
 * the file if it has one, and the bucket that the request addresses among them. A field that is there twice is refused: one value could meet the
 * policy and the other be used.
 */
export function collectFields(
  sent: readonly (readonly [string, string])[],
  filename: string | undefined,
  bucketName: string,
): FormFields {
  const fields = new Map<string, string>();
  for (const [name, value] of sent) {
    const lower = name.toLowerCase();
    if (fields.has(lower)) throw invalidArgument("POST requires exactly one value for each field.", name, value);
    const stays = lower === "policy" || filename === undefined;
    fields.set(lower, stays ? value : value.replaceAll("${filename}", () => filename));
  }
  return fields.set("bucket", bucketName);
}

/** The policy with what signs it; undefined for a form without any, which is anonymous. */
export function readSignedPolicy(fields: FormFields): SignedPolicy | undefined {
  const isV4 = ["x-amz-algorithm", "x-amz-credential", "x-amz-signature"].some((name) => fields.has(name));
  const isV2 = fields.has("awsaccesskeyid") || fields.has("signature");
  if (!fields.has("policy") && !isV4 && !isV2) return undefined;
  if (isV4 && isV2) {
    throw s3Error("InvalidArgument", {
      message: "Only one auth mechanism allowed; a form is signed by X-Amz-Signature or by signature, not by both",
    });
  }
  const policy = requireField(fields, "policy");
  const sessionToken = fields.get("x-amz-security-token");
  if (!isV4) {
    const accessKeyId = requireField(fields, "AWSAccessKeyId");
    return { version: 2, policy, accessKeyId, signature: requireField(fields, "signature"), sessionToken };
  }
  return {
    version: 4,
    policy,
    algorithm: requireField(fields, "X-Amz-Algorithm"),
    credential: requireField(fields, "X-Amz-Credential"),
    date: requireField(fields, "X-Amz-Date"),
    signature: requireField(fields, "X-Amz-Signature"),
    sessionToken,
  };
}

/** A field under the name that S3 uses when it is missing. */
export function requireField(fields: FormFields, name: string): string {
  const value = fields.get(name.toLowerCase());
  if (value === undefined) throw missingField(name);
  return value;
}

/** What a PutObject would have said in headers. */
export function collectHeaders(fields: FormFields): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) {
    if (!HEADER_FIELDS.has(name) && (!name.startsWith("x-amz-") || SIGNATURE_FIELDS.has(name))) continue;
    if (!isHeader(name, value)) throw invalidArgument("The field cannot stand for a header.", name, value);
    headers.set(name, value);
  }
  const acl = fields.get("acl");
  if (acl !== undefined) headers.set("x-amz-acl", acl);
  const tagging = fields.get("tagging");
  if (tagging) headers.set("x-amz-tagging", readTagging(tagging));
  return headers;
}

/** Forms write tags as XML, headers as a query. */
function readTagging(document: string): string {
  const tags = new URLSearchParams();
  for (const { key, value } of readTagSet(parseXml(document), "Object")) tags.append(key, value);
  return tags.toString();
}
