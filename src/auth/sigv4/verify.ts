import type { ServiceError } from "../../lib/errors.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { authError } from "../errors.ts";
import type { Credential } from "../identity.ts";
import { credentialError, readAuthorization, type Authorization } from "./authorization.ts";
import { canonicalizeQuery, createCanonicalRequest, createStringToSign, EMPTY_SHA256 } from "./canonical.ts";
import { formatScope } from "./credential.ts";
import { canonicalizeS3Path, canonicalizeServicePath } from "./encoding.ts";
import { readPayloadAuth, type PayloadAuth } from "./payload.ts";
import { queryValues, type SignedRequest } from "./request.ts";
import { equalSignatures, getSigningKey, signText } from "./signing-key.ts";
import { formatIsoDate } from "./timestamp.ts";

export interface VerifyOptions {
  /** Scope names that the endpoint answers to, the usual one first: `["s3"]`. */
  readonly service: readonly string[];
  /** The deployment's region. Clients made for R2 sign `auto`, which is accepted beside it. */
  readonly region: string;
  /** Milliseconds. */
  readonly now: number;
  /**
   * The key, or undefined for an unknown one. A session token that does not belong to the key is
   * refused by throwing `authError("InvalidToken")`.
   */
  findCredential(accessKeyId: string, sessionToken: string | undefined): Promise<Credential | undefined>;
  /**
   * Hex SHA-256 of the body, asked for only when the service is not S3 and the client signs the
   * body without sending `x-amz-content-sha256`, as botocore does. Left out: the body is empty.
   */
  bodySha256?(): Promise<string>;
}

export interface Verified {
  readonly credential: Credential;
  /** The service of the scope, one of those accepted. */
  readonly service: string;
  /** How the body is covered: give it to `openPayload`. */
  readonly payload: PayloadAuth;
  readonly presigned: boolean;
  readonly signedHeaders: ReadonlySet<string>;
}

const MAX_SKEW_MS = 15 * 60 * 1_000;

/** R2's only region, which its clients are configured with. */
export const ANY_REGION = "auto";

/**
 * Verifies the signature of a request (Authorization header or presigned URL).
 * Checks that need no look-up come first, so that malformed and stale requests stay cheap.
 * @throws ServiceError with S3's code: AuthorizationHeaderMalformed, AuthorizationQueryParametersError,
 *   AccessDenied, RequestTimeTooSkewed, InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch,
 *   InvalidRequest, InvalidArgument.
 */
export async function verifySignature(request: SignedRequest, options: VerifyOptions): Promise<Verified> {
  const authorization = readAuthorization(request);
  checkScope(authorization, options);
  checkTime(authorization, request, options.now);
  const signedHeaders = new Set(authorization.signedHeaders);
  checkSignedHeaders(signedHeaders, request.headers);

  const { accessKeyId, date, region, service } = authorization.credential;
  const payloadHash = await readPayloadHash(authorization, request, options);
  // The declaration is judged before the key is looked up: a bad one needs no secret.
  const declared = readPayloadAuth(payloadHash);
  if (service !== "s3" && declared.kind !== "sha256") {
    throw authError("InvalidRequest", {}, "Only S3 takes a body that the signature does not cover.");
  }

  const credential = await options.findCredential(accessKeyId, authorization.sessionToken);
  if (credential?.status !== "Active") throw unknownKey(authorization);

  const signingKey = getSigningKey(accessKeyId, credential.secretAccessKey, date, region, service);
  checkSignature(authorization, request, payloadHash, signingKey);
  const payload: PayloadAuth =
    declared.kind === "chunked-signed"
      ? {
          ...declared,
          accessKeyId,
          signingKey,
          seedSignature: authorization.signature,
          scope: formatScope(date, region, service),
          timestamp: authorization.timestamp,
        }
      : declared;
  return {
    credential,
    service,
    payload,
    presigned: authorization.expiresIn !== undefined,
    signedHeaders,
  };
}

function checkScope(authorization: Authorization, options: VerifyOptions): void {
  const { date, region, service, terminal } = authorization.credential;
  if (!/^\d{8}$/.test(date)) {
    throw credentialError(
      authorization,
      `incorrect date format "${date}". This date in the credential must be in the format "yyyyMMdd".`,
    );
  }
  if (region !== options.region && region !== ANY_REGION) {
    throw credentialError(authorization, `the region '${region}' is wrong; expecting '${options.region}'`, {
      Region: options.region,
    });
  }
  if (!options.service.includes(service)) {
    throw credentialError(
      authorization,
      `incorrect service "${service}". This endpoint belongs to "${options.service[0]}".`,
    );
  }
  if (terminal !== "aws4_request") {
    throw credentialError(authorization, `incorrect terminal "${terminal}". This endpoint uses "aws4_request".`);
  }
  const signedOn = authorization.timestamp.slice(0, 8);
  if (date !== signedOn) {
    throw credentialError(
      authorization,
      `Invalid credential date "${date}". This date is not the same as X-Amz-Date: "${signedOn}".`,
    );
  }
}

function checkTime(authorization: Authorization, request: SignedRequest, now: number): void {
  const { time, expiresIn } = authorization;
  if (expiresIn === undefined) {
    if (Math.abs(now - time) <= MAX_SKEW_MS) return;
    const RequestTime = request.headers.get("x-amz-date") ?? request.headers.get("date") ?? "";
    throw authError("RequestTimeTooSkewed", {
      RequestTime,
      ServerTime: formatIsoDate(now),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    });
  }
  if (time - now > MAX_SKEW_MS) {
    throw authError("AccessDenied", { ServerTime: formatIsoDate(now) }, "Request is not yet valid");
  }
  const expires = time + expiresIn * 1_000;
  // A clock that runs ahead does not make a negative life valid.
  if (now > expires || expiresIn < 0) {
    throw authError(
      "AccessDenied",
      { "X-Amz-Expires": String(expiresIn), Expires: formatIsoDate(expires), ServerTime: formatIsoDate(now) },
      "Request has expired",
    );
  }
}

/**
 * `host` and every `x-amz-*` header must be covered: an unsigned one added on the way (an ACL, a
 * copy source, a token) would change what the signer meant.
 */
function checkSignedHeaders(signed: ReadonlySet<string>, headers: HeaderFields): void {
  const unsigned = signed.has("host") ? [] : ["host"];
  for (const name of headers.keys()) {
    if (name.startsWith("x-amz-") && !signed.has(name)) unsigned.push(name);
  }
  if (unsigned.length === 0) return;
  throw authError(
    "AccessDenied",
    { HeadersNotSigned: unsigned.join(", ") },
    "There were headers present in the request which were not signed",
  );
}

/** The last line of the canonical request: what the client declared about its body. */
async function readPayloadHash(
  authorization: Authorization,
  request: SignedRequest,
  options: VerifyOptions,
): Promise<string> {
  const header = request.headers.get("x-amz-content-sha256");
  if (header) return header;
  const isS3 = authorization.credential.service === "s3";
  if (authorization.expiresIn !== undefined) {
    const [parameter] = queryValues(request.rawQuery, "X-Amz-Content-Sha256");
    if (parameter) return parameter;
    if (isS3) return "UNSIGNED-PAYLOAD";
  }
  if (isS3) {
    throw authError("InvalidRequest", {}, "Missing required header for this request: x-amz-content-sha256");
  }
  return options.bodySha256 ? options.bodySha256() : EMPTY_SHA256;
}

/** S3 does not tell a disabled key from one that never was; a token makes it a matter of the token. */
function unknownKey(authorization: Authorization): ServiceError {
  return authorization.sessionToken === undefined
    ? authError("InvalidAccessKeyId", { AWSAccessKeyId: authorization.credential.accessKeyId })
    : authError("InvalidToken");
}

function checkSignature(
  authorization: Authorization,
  request: SignedRequest,
  payloadHash: string,
  signingKey: Uint8Array,
): void {
  const { date, region, service, accessKeyId } = authorization.credential;
  const presigned = authorization.expiresIn !== undefined;
  const query = canonicalizeQuery(request.rawQuery, presigned ? "X-Amz-Signature" : undefined);
  const attempts = canonicalPaths(service, request.rawPath).map((path) => {
    const { method, headers } = request;
    const { signedHeaders } = authorization;
    return createCanonicalRequest({ method, path, query, headers, signedHeaders, payloadHash });
  });
  const scope = formatScope(date, region, service);
  for (const canonicalRequest of attempts) {
    const stringToSign = createStringToSign(authorization.timestamp, scope, canonicalRequest);
    if (equalSignatures(signText(signingKey, stringToSign), authorization.signature)) return;
  }
  const canonicalRequest = attempts[0] ?? "";
  const stringToSign = createStringToSign(authorization.timestamp, scope, canonicalRequest);
  throw authError("SignatureDoesNotMatch", {
    AWSAccessKeyId: accessKeyId,
    StringToSign: stringToSign,
    SignatureProvided: authorization.signature,
    StringToSignBytes: spellBytes(stringToSign),
    CanonicalRequest: canonicalRequest,
    CanonicalRequestBytes: spellBytes(canonicalRequest),
  });
}

/**
 * The paths that the client may have signed. For S3 that is the canonical one, and failing that
 * the very bytes that were sent: curl, and clients that escape less or more than AWS does, sign
 * those. Both stand for the same key, so accepting either lets no one change what was signed.
 */
function canonicalPaths(service: string, rawPath: string): string[] {
  if (service !== "s3") return [canonicalizeServicePath(rawPath)];
  const canonical = canonicalizeS3Path(rawPath);
  return canonical === rawPath ? [canonical] : [canonical, rawPath];
}

/** `41 57 53 34 …`, as S3 spells out what it signed. */
function spellBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}
