import { describe, expect, it } from "vitest";
import { authError } from "../../../src/auth/errors.ts";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { credentialScope, isSigned, type SignedRequest } from "../../../src/auth/sigv4/request.ts";
import { verifySignature, type VerifyOptions } from "../../../src/auth/sigv4/verify.ts";
import {
  ACCESS_KEY_ID,
  CREDENTIAL,
  DOCUMENTED_TIME,
  makeOptions,
  makeRequest,
  SECRET,
  sha256,
  signByHand,
} from "./signing.ts";

const HOST = "bucket.s3.example.com";
const MINUTE = 60_000;

interface Signing {
  target?: string;
  method?: string;
  service?: string;
  region?: string;
  now?: number;
  headers?: Record<string, string>;
  sessionToken?: string;
  accessKeyId?: string;
}

/** A request that verifies unless a test spoils it. */
function signed(signing: Signing = {}): SignedRequest {
  const { target = "/key", method = "GET", headers = {} } = signing;
  const added = signRequest({
    method,
    url: `https://${HOST}${target}`,
    region: signing.region ?? "us-east-1",
    service: signing.service ?? "s3",
    accessKeyId: signing.accessKeyId ?? ACCESS_KEY_ID,
    secretAccessKey: SECRET,
    now: signing.now ?? DOCUMENTED_TIME,
    headers,
    ...(signing.sessionToken === undefined ? {} : { sessionToken: signing.sessionToken }),
  });
  return makeRequest(method, target, { host: HOST, ...headers, ...added });
}

function change(request: SignedRequest, header: string, edit: (value: string) => string | undefined): SignedRequest {
  const headers = new Headers(request.headers);
  const value = edit(headers.get(header) ?? "");
  if (value === undefined) headers.delete(header);
  else headers.set(header, value);
  return { ...request, headers };
}

function editAuthorization(pattern: RegExp | string, replacement: string): SignedRequest {
  return change(signed(), "authorization", (value) => value.replace(pattern, replacement));
}

function verify(request: SignedRequest, changes: Partial<VerifyOptions> = {}) {
  return verifySignature(request, makeOptions(changes));
}

function refuseToken(): Promise<never> {
  return Promise.reject(authError("InvalidToken"));
}

describe("what is accepted", () => {
  it.each([
    ["no space after the commas", (value: string) => value.replaceAll(", ", ",")],
    ["tabs and several spaces", (value: string) => value.replaceAll(", ", " ,\t ")],
    ["several spaces after the algorithm", (value: string) => value.replace(" ", "   ")],
    [
      "another order of the components",
      (value: string) => value.replace(/ (Cred.*), (Signed.*), (Sig.*)/, " $3, $1, $2"),
    ],
  ])("%s", async (_, edit) => {
    await expect(verify(change(signed(), "authorization", edit))).resolves.toBeDefined();
  });

  it.each(["Fri, 24 May 2013 00:00:00 GMT", "20130524T000000Z"])(
    "the time from Date (%s) when there is no x-amz-date",
    async (date) => {
      const headers = { host: HOST, date, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };
      const canonical = `GET\n/key\n\ndate:${date}\nhost:${HOST}\nx-amz-content-sha256:UNSIGNED-PAYLOAD\n\ndate;host;x-amz-content-sha256\nUNSIGNED-PAYLOAD`;
      const stringToSign = `AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${sha256(canonical)}`;
      const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/20130524/us-east-1/s3/aws4_request, SignedHeaders=date;host;x-amz-content-sha256, Signature=${signByHand(stringToSign)}`;
      await expect(verify(makeRequest("GET", "/key", { ...headers, authorization }))).resolves.toBeDefined();
    },
  );

  it("region auto, for clients made for R2", async () => {
    await expect(verify(signed({ region: "auto" }))).resolves.toBeDefined();
  });

  it("a clock that is 15 minutes off", async () => {
    await expect(verify(signed(), { now: DOCUMENTED_TIME + 15 * MINUTE })).resolves.toBeDefined();
    await expect(verify(signed(), { now: DOCUMENTED_TIME - 15 * MINUTE })).resolves.toBeDefined();
  });

  it("a signed header that the platform dropped because it is empty", async () => {
    const request = signed({ headers: { "content-type": "" } });
    await expect(verify(change(request, "content-type", () => undefined))).resolves.toBeDefined();
  });

  it("a space in the query written as +, which is not a plus", async () => {
    const request = signed({ target: "/?prefix=a%20b" });
    await expect(verify({ ...request, rawQuery: "prefix=a+b" })).resolves.toBeDefined();
    const plus = signed({ target: "/?prefix=a%2Bb" });
    await expect(verify({ ...plus, rawQuery: "prefix=a+b" })).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
  });

  it("repeated white space in a signed value", async () => {
    const request = signed({ headers: { "x-amz-meta-a": "one two" } });
    await expect(verify(change(request, "x-amz-meta-a", () => "one \t  two"))).resolves.toBeDefined();
  });

  it("hands the session token to whoever finds the key", async () => {
    const tokens: (string | undefined)[] = [];
    const findCredential = async (_: string, token: string | undefined) => {
      tokens.push(token);
      return CREDENTIAL;
    };
    await verify(signed({ sessionToken: "token/+=" }), { findCredential });
    await verify(signed(), { findCredential });
    expect(tokens).toEqual(["token/+=", undefined]);
  });

  it("a rotated secret at once, although the old signing key was kept", async () => {
    await verify(signed());
    const rotated = { ...CREDENTIAL, secretAccessKey: "another" };
    await expect(verify(signed(), { findCredential: async () => rotated })).rejects.toMatchObject({
      code: "SignatureDoesNotMatch",
    });
    await expect(verify(signed())).resolves.toBeDefined();
  });
});

describe("other services", () => {
  it("signs the path encoded twice and without dot segments", async () => {
    const target = "/2015-03-31/functions/arn%3Aaws%3Alambda//x/../invocations";
    const request = signed({ target, service: "lambda", method: "POST" });
    const verified = await verify(request, { service: ["lambda", "s3"] });
    expect(verified.service).toBe("lambda");
  });

  it("asks for the hash of the body when the client does not send it, as botocore does not", async () => {
    const body = '{"a":1}';
    const headers = { host: HOST, "x-amz-date": "20130524T000000Z" };
    const canonical = `POST\n/api\n\nhost:${HOST}\nx-amz-date:20130524T000000Z\n\nhost;x-amz-date\n${sha256(body)}`;
    const stringToSign = `AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${sha256(canonical)}`;
    const signature = signByHand(stringToSign.replace("/s3/", "/verge/"), "verge");
    const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/20130524/us-east-1/verge/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`;
    const request = makeRequest("POST", "/api", { ...headers, authorization });
    const service = ["verge"];
    await expect(verify(request, { service, bodySha256: async () => sha256(body) })).resolves.toBeDefined();
    const other = verify(request, { service, bodySha256: async () => sha256("{}") });
    await expect(other).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
    await expect(verify(request, { service })).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
  });
});

describe("what is refused", () => {
  const malformed = { code: "AuthorizationHeaderMalformed", status: 400 };

  it.each([
    ["no components", /AWS4-HMAC-SHA256.*/, "AWS4-HMAC-SHA256", "requires three components"],
    ["a component without =", /Signature=/, "Signature", 'the authorization component "Signature'],
    ["a component twice", /$/, ", Signature=00", "is malformed"],
    ["no Credential", "Credential=", "Other=", "missing Credential."],
    ["no SignedHeaders", "SignedHeaders=", "Other=", "missing SignedHeaders."],
    ["no Signature", " Signature=", " Other=", "missing Signature."],
    ["a short credential", "/us-east-1", "", "the Credential is mal-formed"],
    ["a bad date in the scope", "/20130524/", "/2013-05-24/", 'incorrect date format "2013-05-24"'],
    ["another day in the scope", "/20130524/", "/20130525/", 'Invalid credential date "20130525"'],
    ["another service", "/s3/", "/ec2/", 'incorrect service "ec2". This endpoint belongs to "s3".'],
    ["another terminal", "aws4_request", "aws5_request", 'incorrect terminal "aws5_request"'],
    ["upper case in SignedHeaders", "SignedHeaders=host", "SignedHeaders=Host", "is malformed"],
    ["no name in SignedHeaders", /SignedHeaders=[^,]*/, "SignedHeaders=", "is malformed"],
  ])("%s", async (_, pattern, replacement, message) => {
    const refusal = verify(editAuthorization(pattern, replacement));
    await expect(refusal).rejects.toMatchObject({ ...malformed, message: expect.stringContaining(message) });
  });

  it("another region, naming the right one", async () => {
    await expect(verify(signed({ region: "eu-west-1" }))).rejects.toMatchObject({
      ...malformed,
      message: "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
      detail: { Region: "us-east-1" },
    });
  });

  it.each([
    ["SigV2", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg="],
    ["SigV4a", "AWS4-ECDSA-P256-SHA256 Credential=a/20130524/s3/aws4_request, SignedHeaders=host, Signature=00"],
    ["an algorithm that only begins alike", "AWS4-HMAC-SHA256X Credential=a"],
  ])("%s", async (_, authorization) => {
    const request = makeRequest("GET", "/key", { host: HOST, authorization });
    expect(isSigned(request)).toBe(true);
    await expect(verify(request)).rejects.toMatchObject({
      code: "InvalidRequest",
      status: 400,
      message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    });
  });

  it("other schemes, without repeating their secret", async () => {
    const request = makeRequest("GET", "/key", { host: HOST, authorization: "Bearer secret-token" });
    const error = await verify(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "InvalidArgument", message: "Unsupported Authorization Type" });
    expect(JSON.stringify(error)).not.toContain("secret-token");
  });

  it.each(["X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Signature=00", "Signature=a&AWSAccessKeyId=b"])(
    "a signature in the header and %s in the query",
    async (query) => {
      await expect(verify(signed({ target: `/key?${query}` }))).rejects.toMatchObject({
        code: "InvalidArgument",
        status: 400,
        message: expect.stringContaining("Only one auth mechanism allowed"),
      });
    },
  );

  it.each([undefined, "", "yesterday", "20130524", "20130230T000000Z", "2013-05-24T00:00:00Z"])(
    "x-amz-date %s",
    async (date) => {
      await expect(verify(change(signed(), "x-amz-date", () => date))).rejects.toMatchObject({
        code: "AccessDenied",
        status: 403,
        message: "AWS authentication requires a valid Date or x-amz-date header",
      });
    },
  );

  it.each([15 * MINUTE + 1_000, -15 * MINUTE - 1_000])("a clock that is %i ms off", async (skew) => {
    const now = DOCUMENTED_TIME + skew;
    await expect(verify(signed(), { now })).rejects.toMatchObject({
      code: "RequestTimeTooSkewed",
      status: 403,
      detail: {
        RequestTime: "20130524T000000Z",
        ServerTime: new Date(now).toISOString().replace(".000", ""),
        MaxAllowedSkewMilliseconds: "900000",
      },
    });
  });

  it("an unknown key", async () => {
    await expect(verify(signed({ accessKeyId: "AKIAUNKNOWN" }))).rejects.toMatchObject({
      code: "InvalidAccessKeyId",
      status: 403,
      detail: { AWSAccessKeyId: "AKIAUNKNOWN" },
    });
  });

  it("a disabled key, as if it did not exist", async () => {
    const inactive = { ...CREDENTIAL, status: "Inactive" as const };
    await expect(verify(signed(), { findCredential: async () => inactive })).rejects.toMatchObject({
      code: "InvalidAccessKeyId",
      status: 403,
    });
  });

  it("an unknown session token", async () => {
    const request = signed({ sessionToken: "stale" });
    const invalid = { code: "InvalidToken", status: 400 };
    await expect(verify(request, { findCredential: async () => undefined })).rejects.toMatchObject(invalid);
    await expect(verify(request, { findCredential: refuseToken })).rejects.toMatchObject(invalid);
  });

  it("a wrong signature, with all that is needed to find the mistake", async () => {
    const request = editAuthorization(/Signature=.*/, `Signature=${"0".repeat(64)}`);
    const error = await verify(request).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SignatureDoesNotMatch", status: 403 });
    const { detail } = error as { detail: Record<string, string> };
    expect(Object.keys(detail)).toEqual([
      "AWSAccessKeyId",
      "StringToSign",
      "SignatureProvided",
      "StringToSignBytes",
      "CanonicalRequest",
      "CanonicalRequestBytes",
    ]);
    expect(detail["CanonicalRequest"]).toBe(
      `GET\n/key\n\nhost:${HOST}\nx-amz-content-sha256:${sha256("")}\nx-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n${sha256("")}`,
    );
    expect(detail["StringToSign"]).toBe(
      `AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n${sha256(detail["CanonicalRequest"]!)}`,
    );
    expect(detail["StringToSignBytes"]).toMatch(/^41 57 53 34 2d 48 /);
    expect(detail["CanonicalRequestBytes"]).toMatch(/^47 45 54 0a 2f 6b 65 79 0a/);
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it.each(["", "0", "é".repeat(64), "0".repeat(63), "0".repeat(65)])("the signature %j", async (signature) => {
    const request = editAuthorization(/Signature=.*/, `Signature=${signature}`);
    await expect(verify(request)).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
  });

  it("headers that no one signed", async () => {
    const request = change(
      change(signed(), "x-amz-acl", () => "public-read"),
      "x-amz-tagging",
      () => "a=b",
    );
    await expect(verify(request)).rejects.toMatchObject({
      code: "AccessDenied",
      status: 403,
      message: "There were headers present in the request which were not signed",
      detail: { HeadersNotSigned: "x-amz-acl, x-amz-tagging" },
    });
  });

  it("a host that is not signed", async () => {
    await expect(verify(editAuthorization("SignedHeaders=host;", "SignedHeaders="))).rejects.toMatchObject({
      code: "AccessDenied",
      detail: { HeadersNotSigned: "host" },
    });
  });

  it("S3 without x-amz-content-sha256", async () => {
    await expect(verify(change(signed(), "x-amz-content-sha256", () => undefined))).rejects.toMatchObject({
      code: "InvalidRequest",
      status: 400,
      message: "Missing required header for this request: x-amz-content-sha256",
    });
  });

  it.each(["nonsense", "UNSIGNED-PAYLOAD ".repeat(2), "0".repeat(63), "streaming-unsigned-payload-trailer"])(
    "x-amz-content-sha256: %s",
    async (value) => {
      await expect(verify(change(signed(), "x-amz-content-sha256", () => value))).rejects.toMatchObject({
        code: "InvalidArgument",
        status: 400,
        message: expect.stringMatching(/^x-amz-content-sha256 must be UNSIGNED-PAYLOAD, .* or a valid sha256 value\.$/),
        detail: { ArgumentName: "x-amz-content-sha256", ArgumentValue: value.trim() },
      });
    },
  );

  it("SigV4a's payload values", async () => {
    const request = change(signed(), "x-amz-content-sha256", () => "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD");
    await expect(verify(request)).rejects.toMatchObject({ code: "InvalidRequest" });
  });

  it("what is malformed or stale, without looking the key up", async () => {
    let lookUps = 0;
    const findCredential = async () => {
      lookUps += 1;
      return CREDENTIAL;
    };
    const spoilt = [
      [editAuthorization("/s3/", "/ec2/"), DOCUMENTED_TIME],
      [signed(), DOCUMENTED_TIME + 3_600_000],
      [change(signed(), "x-amz-acl", () => "private"), DOCUMENTED_TIME],
      [change(signed(), "x-amz-content-sha256", () => "x"), DOCUMENTED_TIME],
    ] as const;
    for (const [request, now] of spoilt) await verify(request, { now, findCredential }).catch(() => undefined);
    expect(lookUps).toBe(0);
  });
});

describe("reading the scope for routing", () => {
  it("finds it in the header and in the query, unverified", () => {
    const scope = { accessKeyId: "AK/ID", date: "20130524", region: "r", service: "lambda", terminal: "aws4_request" };
    const header = "AWS4-HMAC-SHA256 SignedHeaders=host,  Credential=AK/ID/20130524/r/lambda/aws4_request,Signature=0";
    expect(credentialScope(makeRequest("GET", "/", { authorization: header }))).toEqual(scope);
    const query = "/?X-Amz-Credential=AK%2FID%2F20130524%2Fr%2Flambda%2Faws4_request";
    expect(credentialScope(makeRequest("GET", query, {}))).toEqual(scope);
  });

  it.each(["AWS AKID:signature", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b"])(
    "finds none in %s",
    (header) => {
      expect(credentialScope(makeRequest("GET", "/", { authorization: header }))).toBeUndefined();
    },
  );

  it("takes a request without a signature for unsigned", () => {
    expect(isSigned(makeRequest("GET", "/?Signature=1&Expires=2", { host: HOST }))).toBe(false);
    expect(isSigned(makeRequest("GET", "/?X-Amz-Meta=1", { host: HOST }))).toBe(false);
  });
});
