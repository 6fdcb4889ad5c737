import { describe, expect, it } from "vitest";
import { presignUrl } from "../../../src/auth/sigv4/presign.ts";
import { isSigned, type SignedRequest } from "../../../src/auth/sigv4/request.ts";
import { verifySignature } from "../../../src/auth/sigv4/verify.ts";
import { ACCESS_KEY_ID, CREDENTIAL, DOCUMENTED_TIME, makeOptions, makeRequest, SECRET, sha256 } from "./signing.ts";

const HOST = "bucket.s3.example.com";

function presigned(
  changes: {
    target?: string;
    headers?: Record<string, string>;
    expiresIn?: number;
    region?: string;
    sessionToken?: string;
  } = {},
): SignedRequest {
  const { target = "/key", headers = {}, ...rest } = changes;
  const url = presignUrl({
    method: "PUT",
    url: `https://${HOST}${target}`,
    region: "us-east-1",
    service: "s3",
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET,
    expiresIn: 3_600,
    now: DOCUMENTED_TIME,
    headers,
    ...rest,
  });
  return makeRequest("PUT", url.slice(`https://${HOST}`.length), { host: HOST, ...headers });
}

function edit(pattern: RegExp | string, replacement: string, request = presigned()): SignedRequest {
  const rawQuery = request.rawQuery.replace(pattern, replacement);
  expect(rawQuery).not.toBe(request.rawQuery);
  return { ...request, rawQuery };
}

const verify = (request: SignedRequest, now = DOCUMENTED_TIME) => verifySignature(request, makeOptions({ now }));

describe("presigned URLs", () => {
  it("have an unsigned payload unless they say otherwise", async () => {
    await expect(verify(presigned())).resolves.toMatchObject({ presigned: true, payload: { kind: "unsigned" } });
    // As the JavaScript SDK has it: declared in the query.
    const declared = presigned({ target: "/key?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD" });
    await expect(verify(declared)).resolves.toMatchObject({ payload: { kind: "unsigned" } });
  });

  it("pass their session token on", async () => {
    const tokens: unknown[] = [];
    const findCredential = async (_: string, token: string | undefined) => {
      tokens.push(token);
      return CREDENTIAL;
    };
    await verifySignature(presigned({ sessionToken: "a/b+c==" }), makeOptions({ findCredential }));
    expect(tokens).toEqual(["a/b+c=="]);
  });

  it("cover the headers that they name", async () => {
    const request = presigned({ headers: { "x-amz-acl": "private", "content-type": "text/plain" } });
    await expect(verify(request)).resolves.toBeDefined();
    const headers = new Headers(request.headers);
    headers.set("x-amz-acl", "public-read");
    await expect(verify({ ...request, headers })).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
  });

  it.each(["x-amz-acl", "x-amz-copy-source", "x-amz-security-token", "x-amz-content-sha256"])(
    "are refused with %s added",
    async (name) => {
      const request = presigned();
      const headers = new Headers(request.headers);
      headers.set(name, sha256(""));
      await expect(verify({ ...request, headers })).rejects.toMatchObject({
        code: "AccessDenied",
        message: "There were headers present in the request which were not signed",
        detail: { HeadersNotSigned: name },
      });
    },
  );

  it("are refused with a parameter added, removed or changed", async () => {
    const request = presigned({ target: "/key?versionId=1&a=" });
    const spoilt = [
      edit("versionId=1", "versionId=2", request),
      edit("versionId=1&", "", request),
      edit("versionId=1", "versionId=1&versionId=2", request),
      edit("versionId=1", "versionId=1&acl", request),
      edit(/$/, "&x-id=PutObject", request),
      { ...request, method: "DELETE" },
      { ...request, rawPath: "/other" },
    ];
    for (const bad of spoilt) await expect(verify(bad)).rejects.toMatchObject({ code: "SignatureDoesNotMatch" });
  });

  const parameterError = { code: "AuthorizationQueryParametersError", status: 400 };

  it.each([
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
  ])("need %s, once", async (name) => {
    const missing = edit(new RegExp(`&?${name}=[^&]*`), "");
    await expect(verify(missing)).rejects.toMatchObject({
      ...parameterError,
      message: expect.stringContaining("Query-string authentication version 4 requires the X-Amz-Algorithm"),
    });
    const pair = new RegExp(`(${name}=[^&]*)`);
    await expect(verify(edit(pair, "$1&$1"))).rejects.toMatchObject(parameterError);
    const second = edit(pair, `$1&${name.toLowerCase()}=1`);
    await expect(verify(second)).rejects.toMatchObject(parameterError);
  });

  it.each([
    ["--1", "X-Amz-Expires should be a number"],
    ["soon", "X-Amz-Expires should be a number"],
    ["1e3", "X-Amz-Expires should be a number"],
  ])("refuse X-Amz-Expires=%s", async (value, message) => {
    await expect(verify(edit("X-Amz-Expires=3600", `X-Amz-Expires=${value}`))).rejects.toMatchObject({
      ...parameterError,
      message: expect.stringContaining(message),
    });
  });

  it.each(["604801", "9".repeat(400)])("are valid at no time with X-Amz-Expires=%s", async (value) => {
    await expect(verify(edit("X-Amz-Expires=3600", `X-Amz-Expires=${value}`))).rejects.toMatchObject({
      code: "AccessDenied",
      status: 403,
      message: expect.stringContaining("must be less than 604800 seconds"),
    });
  });

  it.each([
    [/(X-Amz-Date=)[^&]*/, "$12013-05-24", "must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""],
    ["AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"'],
    ["%2Fus-east-1", "", "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed"],
    ["us-east-1", "eu-west-1", "the region 'eu-west-1' is wrong; expecting 'us-east-1'"],
    ["%2Fs3%2F", "%2Fec2%2F", 'incorrect service "ec2"'],
    ["aws4_request", "aws2_request", 'incorrect terminal "aws2_request"'],
    ["%2F20130524%2F", "%2F20130525%2F", 'Invalid credential date "20130525"'],
    ["SignedHeaders=host", "SignedHeaders=a%20b", "is malformed"],
  ])("refuse %s as %s", async (pattern, replacement, message) => {
    await expect(verify(edit(pattern, replacement))).rejects.toMatchObject({
      ...parameterError,
      message: expect.stringContaining(message),
    });
  });

  it("refuse a host that is not signed", async () => {
    await expect(verify(edit("SignedHeaders=host", "SignedHeaders=range"))).rejects.toMatchObject({
      code: "AccessDenied",
      detail: { HeadersNotSigned: "host" },
    });
  });

  it("expire", async () => {
    const week = presigned({ expiresIn: 604_800 });
    await expect(verify(week, DOCUMENTED_TIME + 604_800_000)).resolves.toBeDefined();
    await expect(verify(presigned(), DOCUMENTED_TIME + 3_601_000)).rejects.toMatchObject({
      code: "AccessDenied",
      status: 403,
      message: "Request has expired",
      detail: { "X-Amz-Expires": "3600", Expires: "2013-05-24T01:00:00Z", ServerTime: "2013-05-24T01:00:01Z" },
    });
  });

  it.each([-1, -604_800, -1e18])("have expired when they are valid for %d seconds", async (expiresIn) => {
    for (const now of [DOCUMENTED_TIME, DOCUMENTED_TIME - 60_000]) {
      await expect(verify(presigned({ expiresIn }), now)).rejects.toMatchObject({
        code: "AccessDenied",
        status: 403,
        message: "Request has expired",
      });
    }
  });

  it("do not hold before their time, but for the skew", async () => {
    await expect(verify(presigned(), DOCUMENTED_TIME - 900_000)).resolves.toBeDefined();
    await expect(verify(presigned(), DOCUMENTED_TIME - 901_000)).rejects.toMatchObject({
      code: "AccessDenied",
      message: "Request is not yet valid",
    });
  });

  it.each([
    ["SigV2", "AWSAccessKeyId=AKIA&Expires=1141889120&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D"],
    [
      "SigV4a",
      "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&X-Amz-Credential=a%2F20130524%2Fs3%2Faws4_request&X-Amz-Signature=00",
    ],
  ])("of %s are refused by name", async (_, query) => {
    const request = makeRequest("GET", `/key?${query}`, { host: HOST });
    expect(isSigned(request)).toBe(true);
    await expect(verify(request)).rejects.toMatchObject({
      code: "InvalidRequest",
      message: "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
    });
  });
});
