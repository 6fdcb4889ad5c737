import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalizeS3Path } from "../../../src/auth/sigv4/encoding.ts";
import { presignUrl, signRequest } from "../../../src/auth/sigv4/presign.ts";
import type { SignedRequest } from "../../../src/auth/sigv4/request.ts";
import { verifySignature } from "../../../src/auth/sigv4/verify.ts";
import { ACCESS_KEY_ID, DOCUMENTED_TIME, makeOptions, SECRET, sha256, signByHand } from "./signing.ts";

// AWS's own signer as the other side: what it signs must verify, whatever the key, query and
// headers, and must not verify any more once something in it is changed.

const HOST = "s3.example.com";

class Sha256 {
  readonly #hash;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret as Uint8Array);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function makeSigner(service: string): SignatureV4 {
  return new SignatureV4({
    service,
    region: "us-east-1",
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET },
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });
}

interface Shape {
  method: string;
  key: string;
  query: Record<string, string | string[]>;
  headers: Record<string, string>;
  payload: string;
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const awkward = fc.constantFrom(
  "a b",
  "a+b",
  "~",
  "*",
  "(",
  ")",
  "'",
  "!",
  "//",
  "/./",
  "/../",
  "%2F",
  "%",
  "%zz",
  "é",
  "日本",
  "😀",
  "&=?#",
  ":@,;$",
  "\u0000",
);
const key = fc.array(fc.oneof(text, awkward), { maxLength: 5 }).map((parts) => parts.join(""));
const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
const headerValue = fc.stringMatching(/^[!-~]( {0,3}[!-~]){0,12}$/);
const shape: fc.Arbitrary<Shape> = fc.record({
  method: fc.constantFrom("GET", "PUT", "POST", "DELETE", "HEAD"),
  key,
  query: fc.dictionary(
    fc.oneof(
      token,
      text.filter((name) => !/^(x-amz-|__proto__|awsaccesskeyid|signature)/i.test(name) && name !== ""),
    ),
    fc.oneof(text, awkward, fc.array(fc.oneof(text, awkward), { minLength: 1, maxLength: 3 })),
    { maxKeys: 4 },
  ),
  headers: fc
    .dictionary(
      token.map((name) => `x-amz-meta-${name}`),
      headerValue,
      { maxKeys: 3, noNullPrototype: true },
    )
    .map((headers) => ({ ...headers, "content-type": "text/plain;  charset=utf-8", host: HOST })),
  payload: fc.constantFrom(sha256(""), sha256("body"), "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
});

const encode = (part: string) =>
  encodeURIComponent(part).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The query as the SDK's HTTP handlers write it, here unsorted and with "=" left out now and then. */
function writeQuery(query: Record<string, string | string[] | null>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? ""]
      .flat()
      .map((one) => (one === "" && name.length % 2 ? encode(name) : `${encode(name)}=${encode(one)}`)),
  );
  return pairs.toReversed().join("&");
}

async function signBySmithy(input: Shape, service = "s3"): Promise<SignedRequest> {
  const path = `/bucket/${input.key.split("/").map(encode).join("/")}`;
  const request = {
    method: input.method,
    protocol: "https:",
    hostname: HOST,
    path,
    query: { ...input.query },
    headers: { ...input.headers, "x-amz-content-sha256": input.payload },
  };
  const signed = await makeSigner(service).sign(request, { signingDate: new Date(DOCUMENTED_TIME) });
  return {
    method: input.method,
    rawPath: path,
    rawQuery: writeQuery(input.query),
    headers: new Headers(signed.headers),
  };
}

async function presignBySmithy(input: Shape): Promise<SignedRequest> {
  const path = `/bucket/${input.key.split("/").map(encode).join("/")}`;
  // The presigner of client-s3 declares the payload in a header that is then moved into the query.
  const headers = { ...input.headers, "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" };
  const request = {
    method: input.method,
    protocol: "https:",
    hostname: HOST,
    path,
    query: { ...input.query },
    headers,
  };
  const signed = await makeSigner("s3").presign(request, { signingDate: new Date(DOCUMENTED_TIME), expiresIn: 600 });
  const rawQuery = writeQuery(signed.query as Record<string, string | string[]>);
  return { method: input.method, rawPath: path, rawQuery, headers: new Headers(signed.headers) };
}

const verify = (request: SignedRequest, service = "s3") =>
  verifySignature(request, makeOptions({ service: [service] }));

/** Every single change of something that the signature covers. */
function* mutations(request: SignedRequest): Generator<SignedRequest> {
  const setHeader = (name: string, value: string) => {
    const headers = new Headers(request.headers);
    headers.set(name, value);
    return { ...request, headers };
  };
  yield { ...request, method: request.method === "PUT" ? "POST" : "PUT" };
  yield { ...request, rawPath: `${request.rawPath}x` };
  yield { ...request, rawPath: `${request.rawPath}/` };
  yield { ...request, rawPath: request.rawPath.replace("/bucket/", "/Bucket/") };
  yield { ...request, rawPath: request.rawPath.replace("/bucket/", "/bucket/%2e%2e/") };
  yield { ...request, rawQuery: request.rawQuery === "" ? "acl" : `${request.rawQuery}&acl` };
  yield { ...request, rawQuery: `x=%20&${request.rawQuery}` };
  for (const [name, value] of request.headers) {
    if (name === "x-amz-content-sha256") yield setHeader(name, sha256("another"));
    else if (name === "x-amz-date") yield setHeader(name, "20130524T000001Z");
    else if (name !== "authorization") yield setHeader(name, `${value}x`);
  }
  yield setHeader("x-amz-acl", "public-read");
}

describe("agreement with AWS's signer", () => {
  it("verifies what it signs in headers, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (input) => {
        const request = await signBySmithy(input);
        await expect(verify(request)).resolves.toMatchObject({ presigned: false });
        for (const changed of mutations(request)) {
          await expect(verify(changed)).rejects.toMatchObject({
            code: expect.stringMatching(/^(SignatureDoesNotMatch|AccessDenied)$/),
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("verifies what it presigns, and nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (input) => {
        const request = await presignBySmithy(input);
        await expect(verify(request)).resolves.toMatchObject({ presigned: true });
        for (const changed of mutations(request)) {
          await expect(verify(changed)).rejects.toMatchObject({
            code: expect.stringMatching(/^(SignatureDoesNotMatch|AccessDenied)$/),
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("verifies what it signs for other services", async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (input) => {
        const request = await signBySmithy({ ...input, payload: sha256("{}") }, "lambda");
        await expect(verify(request, "lambda")).resolves.toMatchObject({ service: "lambda" });
        const uncovered = await signBySmithy({ ...input, payload: "UNSIGNED-PAYLOAD" }, "lambda");
        await expect(verify(uncovered, "lambda")).rejects.toMatchObject({ code: "InvalidRequest" });
      }),
      { numRuns: 100 },
    );
  });

  it("makes the same signatures itself", async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (input) => {
        const { rawPath, rawQuery, headers: theirs } = await signBySmithy(input);
        const url = `https://${HOST}${rawPath}${rawQuery === "" ? "" : `?${rawQuery}`}`;
        const { host: _, ...headers } = input.headers;
        const common = {
          method: input.method,
          url,
          headers,
          region: "us-east-1",
          service: "s3",
          accessKeyId: ACCESS_KEY_ID,
          secretAccessKey: SECRET,
          now: DOCUMENTED_TIME,
        };
        expect(signRequest({ ...common, payloadSha256: input.payload })["authorization"]).toBe(
          theirs.get("authorization"),
        );
        const presigned = presignUrl({ ...common, expiresIn: 600 });
        const mark = presigned.indexOf("?");
        const request = {
          method: input.method,
          rawPath,
          rawQuery: presigned.slice(mark + 1),
          headers: new Headers(input.headers),
        };
        await expect(verify(request)).resolves.toMatchObject({ presigned: true });
      }),
      { numRuns: 100 },
    );
  });

  it("takes a path however much of it the client escaped", async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (input) => {
        const request = await signBySmithy(input);
        const lower = request.rawPath.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
        const loose = request.rawPath.replace(/%(21|24|26|27|28|29|2A|2B|2C|3A|3B|3D|40)/g, decodeURIComponent);
        for (const rawPath of [lower, loose]) {
          expect(canonicalizeS3Path(rawPath)).toBe(request.rawPath);
          await expect(verify({ ...request, rawPath })).resolves.toBeDefined();
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe("clients that sign the path as they sent it", () => {
  it.each(["/bucket/a%20b+c~*('!%C3%A9", "/bucket/a%2Fb", "/bucket/%7Etilde%2a", "/bucket/é", "/bucket//./x/../y"])(
    "%s",
    async (rawPath) => {
      const headers = { host: HOST, "x-amz-content-sha256": sha256(""), "x-amz-date": "20130524T000000Z" };
      const names = "host;x-amz-content-sha256;x-amz-date";
      const canonical = `GET\n${rawPath}\n\nhost:${HOST}\nx-amz-content-sha256:${sha256("")}\nx-amz-date:20130524T000000Z\n\n${names}\n${sha256("")}`;
      const scope = "20130524/us-east-1/s3/aws4_request";
      const signature = signByHand(`AWS4-HMAC-SHA256\n20130524T000000Z\n${scope}\n${sha256(canonical)}`);
      const authorization = `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
      const request = { method: "GET", rawPath, rawQuery: "", headers: new Headers({ ...headers, authorization }) };
      await expect(verify(request)).resolves.toBeDefined();
      await expect(verify({ ...request, rawPath: `${rawPath}x` })).rejects.toMatchObject({
        code: "SignatureDoesNotMatch",
      });
    },
  );
});
