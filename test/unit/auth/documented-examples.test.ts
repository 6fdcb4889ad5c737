import { describe, expect, it } from "vitest";
import { openPayload } from "../../../src/auth/sigv4/payload.ts";
import { presignUrl, signRequest } from "../../../src/auth/sigv4/presign.ts";
import { verifySignature } from "../../../src/auth/sigv4/verify.ts";
import {
  ACCESS_KEY_ID,
  DOCUMENTED_TIME,
  frameChunks,
  makeOptions,
  makeRequest,
  readAll,
  SECRET,
  sha256,
  streamOf,
} from "./signing.ts";

// The worked examples of the S3 API Reference ("Authenticating Requests (AWS Signature Version 4)").
const SCOPE = "20130524/us-east-1/s3/aws4_request";
const EMPTY = sha256("");

function authorize(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=${ACCESS_KEY_ID}/${SCOPE},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

describe("signatures that AWS documents", () => {
  it("verifies GET of an object", async () => {
    const request = makeRequest("GET", "/test.txt", {
      host: "examplebucket.s3.amazonaws.com",
      range: "bytes=0-9",
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20130524T000000Z",
      authorization: authorize(
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
      ),
    });
    const verified = await verifySignature(request, makeOptions());
    expect(verified.credential.accessKeyId).toBe(ACCESS_KEY_ID);
    expect(verified).toMatchObject({ service: "s3", presigned: false });
    expect([...verified.signedHeaders]).toContain("range");
  });

  it("verifies PUT of an object with its Date header and a key that needs escaping", async () => {
    const body = new TextEncoder().encode("Welcome to Amazon S3.");
    const request = makeRequest("PUT", "/test%24file.text", {
      date: "Fri, 24 May 2013 00:00:00 GMT",
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-content-sha256": sha256(body),
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      authorization: authorize(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      ),
    });
    const { payload } = await verifySignature(request, makeOptions());
    const { stream } = openPayload(streamOf(body, 3), request.headers, payload);
    expect(new TextDecoder().decode(await readAll(stream!))).toBe("Welcome to Amazon S3.");
  });

  it.each([
    [
      "lifecycle, a parameter without a value",
      "/?lifecycle",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ],
    ["a listing", "/?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
    [
      "a listing whose parameters come unsorted",
      "/?prefix=J&max-keys=2",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("verifies GET of %s", async (_, target, signature) => {
    const headers = {
      host: "examplebucket.s3.amazonaws.com",
      "x-amz-content-sha256": EMPTY,
      "x-amz-date": "20130524T000000Z",
    };
    const authorization = authorize("host;x-amz-content-sha256;x-amz-date", signature);
    const request = makeRequest("GET", target, { ...headers, authorization });
    await expect(verifySignature(request, makeOptions())).resolves.toBeDefined();
  });

  it("verifies a presigned URL a day later, to the last second", async () => {
    const target =
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    const request = makeRequest("GET", target, { host: "examplebucket.s3.amazonaws.com" });
    const now = DOCUMENTED_TIME + 86_400_000;
    const verified = await verifySignature(request, makeOptions({ now }));
    expect(verified).toMatchObject({ presigned: true, payload: { kind: "unsigned" } });
  });

  it("makes the same presigned URL", () => {
    const url = presignUrl({
      method: "GET",
      url: "https://examplebucket.s3.amazonaws.com/test.txt",
      region: "us-east-1",
      service: "s3",
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET,
      expiresIn: 86_400,
      now: DOCUMENTED_TIME,
    });
    expect(url).toMatch(/&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/);
  });

  it("signs a request with the same headers", () => {
    const headers = signRequest({
      method: "GET",
      url: "https://examplebucket.s3.amazonaws.com/test.txt",
      region: "us-east-1",
      service: "s3",
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET,
      now: DOCUMENTED_TIME,
      headers: { range: "bytes=0-9" },
    });
    expect(headers["authorization"]).toMatch(
      /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/,
    );
  });
});

describe("chunked uploads that AWS documents", () => {
  const chunks = [Buffer.alloc(65_536, "a"), Buffer.alloc(1_024, "a")];

  it("verifies each chunk", async () => {
    const seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9";
    const request = makeRequest("PUT", "/examplebucket/chunkObject.txt", {
      host: "s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "66560",
      "content-length": "66824",
      authorization: authorize(
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
        seed,
      ),
    });
    const { payload } = await verifySignature(request, makeOptions());
    if (payload.kind !== "chunked-signed") throw new Error("not chunked");
    const { bytes, signatures } = frameChunks(chunks, payload);
    expect(signatures).toEqual([
      "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]);
    expect(bytes.byteLength).toBe(66_824);
    const opened = openPayload(streamOf(bytes, 10_000), request.headers, payload);
    expect(opened.length).toBe(66_560);
    expect(sha256(await readAll(opened.stream!))).toBe(sha256(Buffer.concat(chunks)));
  });

  it("verifies chunks and a trailer", async () => {
    const request = makeRequest("PUT", "/examplebucket/chunkObject.txt", {
      host: "s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "66560",
      "x-amz-trailer": "x-amz-checksum-crc32c",
      authorization: authorize(
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
      ),
    });
    const { payload } = await verifySignature(request, makeOptions());
    if (payload.kind !== "chunked-signed") throw new Error("not chunked");
    const { bytes, signatures } = frameChunks(chunks, payload, {
      "x-amz-checksum-crc32c": "sOO8/Q==",
    });
    expect(signatures).toEqual([
      "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
      "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",
    ]);
    const opened = openPayload(streamOf(bytes, 777), request.headers, payload);
    expect(opened.trailerNames).toEqual(["x-amz-checksum-crc32c"]);
    expect(sha256(await readAll(opened.stream!))).toBe(sha256(Buffer.concat(chunks)));
    expect(opened.trailers.get("x-amz-checksum-crc32c")).toBe("sOO8/Q==");
  });
});
