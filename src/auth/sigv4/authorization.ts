import type { ServiceError } from "../../lib/errors.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { authError } from "../errors.ts";
import { ALGORITHM } from "./canonical.ts";
import { parseCredential, type CredentialScope } from "./credential.ts";
import { findSignatureForms, queryValues, type SignedRequest } from "./request.ts";
import { formatAmzDate, parseAmzDate, parseDateHeader } from "./timestamp.ts";

/** What a request says about its signature, read and well-formed but not verified. */
export interface Authorization {
  readonly credential: CredentialScope;
  /** In lower case, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** When it was signed, in milliseconds, and as it stands in the string to sign. */
  readonly time: number;
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Seconds; given by presigned URLs only. */
  readonly expiresIn: number | undefined;
}

/** Seven days, the longest life of a presigned URL, in seconds. */
const MAX_EXPIRES = 604_800;

/** Header names in lower case (RFC 9110 tokens), as SignedHeaders must list them. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

const COMPONENTS = "the authorization header requires three components: Credential, SignedHeaders, and Signature.";

const CREDENTIAL_MALFORMED =
  'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';

/** Reads the signature of a request, refusing two at once and every mechanism but SigV4 with HMAC. */
export function readAuthorization(request: SignedRequest): Authorization {
  const [form, second] = findSignatureForms(request);
  if (second !== undefined) {
    throw authError(
      "InvalidArgument",
      { ArgumentName: "Authorization" },
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified",
    );
  }
  if (form === undefined) throw authError("AccessDenied");
  switch (form) {
    case "v4-header":
      return readHeader(request);
    case "v4-query":
      return readQuery(request);
    case "v2-query":
      throw authError("InvalidRequest");
    case "unsupported-header":
      throw refuseMechanism(request.headers.get("authorization") ?? "");
  }
}

/**
 * The error for a fault in the credential or its scope. S3 has one code for the header and another
 * for the query; the sentence that follows is the same.
 */
export function credentialError(
  authorization: Pick<Authorization, "expiresIn">,
  fault: string,
  detail: Readonly<Record<string, string>> = {},
): ServiceError {
  return authorization.expiresIn === undefined
    ? headerError(fault, detail)
    : queryError(`Error parsing the X-Amz-Credential parameter; ${fault}`, detail);
}

function readHeader(request: SignedRequest): Authorization {
  const { headers } = request;
  const fields = splitFields((headers.get("authorization") ?? "").slice(ALGORITHM.length));
  const credentialText = fields.get("Credential");
  const signedHeaders = fields.get("SignedHeaders");
  const signature = fields.get("Signature");
  if (credentialText === undefined) throw headerError("missing Credential.");
  if (signedHeaders === undefined) throw headerError("missing SignedHeaders.");
  if (signature === undefined) throw headerError("missing Signature.");
  // A second Authorization header, which the platform joins to the first.
  if (fields.size > 3) throw headerError(COMPONENTS);
  const credential = parseCredential(credentialText);
  if (!credential) throw headerError(CREDENTIAL_MALFORMED);
  const { time, timestamp } = readHeaderTime(headers);
  return {
    credential,
    signedHeaders: splitSignedHeaders(signedHeaders, headerError),
    signature,
    time,
    timestamp,
    sessionToken: headers.get("x-amz-security-token") || undefined,
    expiresIn: undefined,
  };
}

function readHeaderTime(headers: HeaderFields): Pick<Authorization, "time" | "timestamp"> {
  const timestamp = headers.get("x-amz-date")?.trim();
  const time = timestamp === undefined ? parseDateHeader(headers.get("date") ?? "") : parseAmzDate(timestamp);
  if (time === undefined) {
    throw authError("AccessDenied", {}, "AWS authentication requires a valid Date or x-amz-date header");
  }
  return { time, timestamp: timestamp ?? formatAmzDate(time) };
}

/** `Credential=…, SignedHeaders=…, Signature=…`; clients differ in the spaces around the commas. */
function splitFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const part of text.split(",")) {
    const component = part.trim();
    if (component === "") continue;
    const equals = component.indexOf("=");
    const name = component.slice(0, equals).trim();
    if (equals <= 0 || fields.has(name)) {
      throw headerError(`the authorization component "${component}" is malformed.`);
    }
    fields.set(name, component.slice(equals + 1).trim());
  }
  if (fields.size < 3) {
    throw headerError(COMPONENTS);
  }
  return fields;
}

function readQuery(request: SignedRequest): Authorization {
  const { rawQuery } = request;
  const algorithm = readParameter(rawQuery, "X-Amz-Algorithm");
  if (algorithm === "AWS4-ECDSA-P256-SHA256") throw authError("InvalidRequest");
  const credentialText = readParameter(rawQuery, "X-Amz-Credential");
  const signature = readParameter(rawQuery, "X-Amz-Signature");
  const timestamp = readParameter(rawQuery, "X-Amz-Date");
  const signedHeaders = readParameter(rawQuery, "X-Amz-SignedHeaders");
  const expires = readParameter(rawQuery, "X-Amz-Expires");
  if (algorithm !== ALGORITHM) throw queryError(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const credential = parseCredential(credentialText);
  if (!credential) throw credentialError({ expiresIn: 0 }, CREDENTIAL_MALFORMED);
  const time = parseAmzDate(timestamp);
  if (time === undefined) {
    throw queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  return {
    credential,
    signedHeaders: splitSignedHeaders(signedHeaders, queryError),
    signature,
    time,
    timestamp,
    sessionToken: readSessionToken(request),
    expiresIn: parseExpires(expires),
  };
}

/** A presigned URL carries its token as a parameter; a signed header is accepted too. */
function readSessionToken(request: SignedRequest): string | undefined {
  const values = queryValues(request.rawQuery, "X-Amz-Security-Token");
  if (values.length > 1) throw duplicateParameter("X-Amz-Security-Token");
  return (values[0] ?? request.headers.get("x-amz-security-token")) || undefined;
}

function readParameter(rawQuery: string, name: string): string {
  const [value, second] = queryValues(rawQuery, name);
  if (second !== undefined) throw duplicateParameter(name);
  if (value === undefined || value === "") throw authError("AuthorizationQueryParametersError");
  return value;
}

function duplicateParameter(name: string): ServiceError {
  return queryError(`Error parsing the ${name} parameter; it must be given once only.`);
}

/** In seconds. Neither a negative one nor one of weeks is malformed: such a URL is valid at no time. */
function parseExpires(text: string): number {
  if (!/^-?\d+$/.test(text)) throw queryError("X-Amz-Expires should be a number");
  const seconds = Math.max(Number(text), -MAX_EXPIRES);
  if (seconds > MAX_EXPIRES) {
    throw authError(
      "AccessDenied",
      {},
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  }
  return seconds;
}

function splitSignedHeaders(text: string, fail: (fault: string) => ServiceError): string[] {
  const names = text.split(";");
  if (!names.every((name) => HEADER_NAME.test(name))) {
    throw fail(`the authorization component "SignedHeaders=${text}" is malformed.`);
  }
  return names;
}

/** SigV2 and SigV4a have their own answer; the credentials of other schemes are not repeated. */
function refuseMechanism(authorization: string): ServiceError {
  if (authorization.startsWith("AWS")) return authError("InvalidRequest");
  return authError("InvalidArgument", { ArgumentName: "Authorization" }, "Unsupported Authorization Type");
}

function headerError(fault: string, detail: Readonly<Record<string, string>> = {}): ServiceError {
  return authError("AuthorizationHeaderMalformed", detail, `The authorization header is malformed; ${fault}`);
}

function queryError(message: string, detail: Readonly<Record<string, string>> = {}): ServiceError {
  return authError("AuthorizationQueryParametersError", detail, message);
}
