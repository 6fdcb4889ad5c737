import type { Payload } from "../../lib/payload.ts";
import { element, renderXml } from "../../lib/xml.ts";
import type { S3Call, S3Result } from "../call.ts";
import { checkKey } from "../checks.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { readingBody } from "../lost-body.ts";
import { objectUrl } from "../object-url.ts";
import { putObject } from "../put-object.ts";
import { writeAccess } from "../tags.ts";
import { MAX_UPLOAD_BYTES } from "../upload-body.ts";
import { malformedForm } from "./form-errors.ts";
import { collectFields, collectHeaders, type FormFields, readSignedPolicy, requireField } from "./form-fields.ts";
import { FormReader } from "./form-reader.ts";
import { readBoundary } from "./part-head.ts";
import { checkPolicy, readPolicy } from "./policy.ts";
import { redirectTarget } from "./redirect.ts";
import type { SizeRange } from "./size-range.ts";

const ANY_SIZE: SizeRange = { minimum: 0, maximum: MAX_UPLOAD_BYTES };
/** RFC 2046, section 5.1.1, says 70. */
const MAX_BOUNDARY_LENGTH = 200;

/**
 * PostObject, the upload from a browser's form: a PutObject whose headers are fields. The signer of the form's
 * policy is the caller, and the policy says what else the form may say.
 */
export async function postObject(call: S3Call): Promise<S3Result> {
  const form = openForm(call);
  const { fields: sent, file } = await readingBody(form.readFields());
  const fields = collectFields(sent, file.filename, call.bucketName);
  const key = requireField(fields, "key");
  if (key === "") throw invalidArgument("User key must have a length greater than 0.", "key", "");
  checkKey(key);
  const signed = readSignedPolicy(fields);
  const headers = collectHeaders(fields);
  const signer = await call.authoriseSigner(
    signed,
    headers,
    writeAccess({ headers, bucketName: call.bucketName, key }),
  );
  const sizes = signed ? holdAgainstPolicy(signed.policy, fields) : ANY_SIZE;
  const { stream, length } = await readingBody(form.openFile(sizes));
  if (length === undefined) headers.set("transfer-encoding", "chunked");
  else headers.set("content-length", String(length));
  const payload: Payload = { stream, length, trailerNames: [], trailers: new Map() };
  const written = await putObject({ ...signer, key, headers, payload });
  return answer(call, key, fields, written);
}

function openForm(call: S3Call): FormReader {
  const contentType = call.headers.get("content-type");
  if (!/^\s*multipart\/form-data\b/i.test(contentType ?? "")) {
    throw s3Error("PreconditionFailed", {
      detail: { Condition: "Bucket POST must be of the enclosure-type multipart/form-data" },
    });
  }
  const boundary = readBoundary(contentType);
  if (!boundary || boundary.length > MAX_BOUNDARY_LENGTH || !call.payload.stream) throw malformedForm();
  return new FormReader(call.payload.stream, boundary);
}

/** Throws unless the policy allows the form; answers how large it lets the file be. */
function holdAgainstPolicy(document: string, fields: FormFields): SizeRange {
  const policy = readPolicy(document);
  checkPolicy(policy, fields, Date.now());
  return { ...policy.sizes, maximum: Math.min(policy.sizes.maximum, MAX_UPLOAD_BYTES) };
}

/** 204, or what the form asks for by `success_action_redirect` or `success_action_status`. */
function answer(call: S3Call, key: string, fields: FormFields, written: S3Result): S3Result {
  const etag = written.headers?.["etag"] ?? "";
  const location = objectUrl(call, key);
  const redirect = redirectTarget(fields.get("success_action_redirect") ?? fields.get("redirect"), {
    bucket: call.bucketName,
    key,
    etag,
  });
  if (redirect !== undefined) return { status: 303, headers: { ...written.headers, location: redirect } };
  const headers = { ...written.headers, location };
  const status = fields.get("success_action_status");
  if (status === "200") return { status: 200, headers };
  if (status !== "201") return { status: 204, headers };
  // Without the namespace that S3's other documents have.
  const document = renderXml(
    element("PostResponse", [
      element("Location", location),
      element("Bucket", call.bucketName),
      element("Key", key),
      element("ETag", etag),
    ]),
  );
  return { status: 201, headers: { ...headers, "content-type": "application/xml" }, body: Buffer.from(document) };
}
