import { createHmac } from "node:crypto";
import { authError } from "./errors.ts";
import type { Credential } from "./identity.ts";
import { ALGORITHM } from "./sigv4/canonical.ts";
import { parseCredential, type CredentialScope } from "./sigv4/credential.ts";
import { equalSignatures, getSigningKey, signText } from "./sigv4/signing-key.ts";
import { parseAmzDate } from "./sigv4/timestamp.ts";
import { ANY_REGION } from "./sigv4/verify.ts";

/** What the fields of an upload form say of the signature over its policy; nothing of it is verified. */
export type SignedPolicy =
  | {
      readonly version: 4;
      /** Base64 as sent: the string to sign. */
      readonly policy: string;
      readonly algorithm: string;
      readonly credential: string;
      readonly date: string;
      readonly signature: string;
      readonly sessionToken: string | undefined;
    }
  | {
      readonly version: 2;
      readonly policy: string;
      readonly accessKeyId: string;
      readonly signature: string;
      readonly sessionToken: string | undefined;
    };

export interface PolicyVerification {
  readonly region: string;
  /** Milliseconds. */
  readonly now: number;
  /** As for `verifySignature`. */
  findCredential(accessKeyId: string, sessionToken: string | undefined): Promise<Credential | undefined>;
}

/** A signing key serves for seven days ("Browser-Based Uploads Using POST (AWS Signature Version 4)"). */
const MAX_AGE_MS = 7 * 24 * 60 * 60 * 1_000;
const MAX_SKEW_MS = 15 * 60 * 1_000;

/**
 * The key that signed the policy of an upload form. SigV2 (HMAC-SHA1 of the policy) is taken here and nowhere else:
 * docs/decisions/0003-what-clients-may-sign.md says why.
 * @throws ServiceError InvalidArgument, AccessDenied, InvalidAccessKeyId, InvalidToken, SignatureDoesNotMatch.
 */
export async function verifyPolicySignature(signed: SignedPolicy, options: PolicyVerification): Promise<Credential> {
  const scope = signed.version === 4 ? checkSigV4(signed, options) : undefined;
  const accessKeyId = signed.version === 4 ? scope!.accessKeyId : signed.accessKeyId;
  const credential = await options.findCredential(accessKeyId, signed.sessionToken);
  if (credential?.status !== "Active") {
    throw signed.sessionToken === undefined
      ? authError("InvalidAccessKeyId", { AWSAccessKeyId: accessKeyId })
      : authError("InvalidToken");
  }
  const { secretAccessKey } = credential;
  const expected = scope ? signV4(signed.policy, secretAccessKey, scope) : signV2(signed.policy, secretAccessKey);
  if (equalSignatures(expected, signed.signature)) return credential;
  throw authError("SignatureDoesNotMatch", {
    AWSAccessKeyId: accessKeyId,
    StringToSign: signed.policy,
    SignatureProvided: signed.signature,
  });
}

function signV4(policy: string, secretAccessKey: string, scope: CredentialScope): string {
  const { accessKeyId, date, region, service } = scope;
  return signText(getSigningKey(accessKeyId, secretAccessKey, date, region, service), policy);
}

function signV2(policy: string, secretAccessKey: string): string {
  return createHmac("sha1", secretAccessKey).update(policy).digest("base64");
}

/** Everything about a SigV4 form that needs no secret. */
function checkSigV4(signed: Extract<SignedPolicy, { version: 4 }>, options: PolicyVerification): CredentialScope {
  if (signed.algorithm !== ALGORITHM) {
    throw invalidField("X-Amz-Algorithm", signed.algorithm, `X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  const time = parseAmzDate(signed.date);
  if (time === undefined) {
    const wording = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"";
    throw invalidField("X-Amz-Date", signed.date, wording);
  }
  const scope = parseCredential(signed.credential);
  const fault = scope
    ? findScopeFault(scope, signed.date, options.region)
    : 'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';
  if (!scope || fault !== undefined) {
    const wording = `Error parsing the X-Amz-Credential parameter; ${fault}`;
    throw invalidField("X-Amz-Credential", signed.credential, wording);
  }
  if (time - options.now > MAX_SKEW_MS) throw authError("AccessDenied", {}, "Request is not yet valid");
  if (options.now - time > MAX_AGE_MS) throw authError("AccessDenied", {}, "Request has expired");
  return scope;
}

function findScopeFault(scope: CredentialScope, signedOn: string, region: string): string | undefined {
  if (scope.region !== region && scope.region !== ANY_REGION) {
    return `the region '${scope.region}' is wrong; expecting '${region}'`;
  }
  if (scope.service !== "s3") return `incorrect service "${scope.service}". This endpoint belongs to "s3".`;
  if (scope.terminal !== "aws4_request") {
    return `incorrect terminal "${scope.terminal}". This endpoint uses "aws4_request".`;
  }
  if (scope.date === signedOn.slice(0, 8)) return undefined;
  return `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${signedOn.slice(0, 8)}".`;
}

function invalidField(name: string, value: string, message: string) {
  return authError("InvalidArgument", { ArgumentName: name, ArgumentValue: value }, message);
}
