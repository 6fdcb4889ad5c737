import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRaw, type RawAnswer, readAnswer } from "../../support/raw-http.ts";
import { type Draft, signInHeader, utf8 } from "../attacks/hand-signed.ts";
import { BUCKET, expectRefusal, startTarget, type Target } from "../attacks/target.ts";

const PATH = `/${BUCKET}/upload`;
/** Stored in the index, and as a blob of its own. */
const SMALL = "hello";
const LARGE = "x".repeat(100_000);
const BODIES = [
  ["a small body", SMALL],
  ["a large body", LARGE],
] as const;
const MD5_OF_NOTHING = "1B2M2Y8AsgTpgAmY7PhCfg==";

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => target.expectUntouched());
afterAll(() => target.stop());

function put(draft: Partial<Draft>): Promise<RawAnswer> {
  return target.send({ method: "PUT", target: PATH, body: SMALL, ...draft });
}

/** Sends what there is of a body that says to be longer, then ends the sending side and listens. */
async function putAndEnd(draft: Partial<Draft>): Promise<RawAnswer> {
  const socket = await openRaw(target.endpoint);
  const answer = readAnswer(socket);
  socket.end(signInHeader(target, target.key, { method: "PUT", target: PATH, ...draft }).bytes);
  return answer.finally(() => socket.destroy());
}

describe.each(BODIES)("lengths that lie, with %s", (_, body) => {
  it.each(["UNSIGNED-PAYLOAD", undefined])(
    "too long, payload %s: the client is told, nothing is stored",
    async (payloadHash) => {
      const draft = {
        body,
        contentLength: String(body.length + 7),
        ...(payloadHash === undefined ? {} : { payloadHash }),
      };
      expectRefusal(await putAndEnd(draft), 400, "RequestTimeout");
    },
  );

  it("too short: the hash does not fit", async () => {
    expectRefusal(await put({ body, contentLength: String(body.length - 2) }), 400, "XAmzContentSHA256Mismatch");
  });

  it("none at all: it is asked for", async () => {
    expectRefusal(await put({ body: "", contentLength: false }), 411, "MissingContentLength");
    const part = `${PATH}?partNumber=1&uploadId=${"0".repeat(64)}`;
    expectRefusal(await put({ target: part, body: "", contentLength: false }), 411, "MissingContentLength");
  });

  it("above what one PUT may bring: refused before the body", async () => {
    const answer = await put({ body, contentLength: String(5 * 1024 ** 3 + 1), payloadHash: "UNSIGNED-PAYLOAD" });
    expectRefusal(answer, 400, "EntityTooLarge");
  });
});

describe.each(BODIES)("digests of %s", (_, body) => {
  it("a wrong x-amz-content-sha256 is refused", async () => {
    expectRefusal(await put({ body, payloadHash: "0".repeat(64) }), 400, "XAmzContentSHA256Mismatch");
  });

  it.each(["", "short", "0".repeat(63), "0".repeat(65), "unsigned-payload", "STREAMING"])(
    "the x-amz-content-sha256 %j is refused",
    async (payloadHash) => {
      const answer = await put({ body, payloadHash });
      expect(answer.status).toBe(400);
      expect(["InvalidArgument", "InvalidRequest", "XAmzContentSHA256Mismatch"]).toContain(
        /<Code>(\w+)/.exec(answer.body.toString())?.[1],
      );
    },
  );

  it("a wrong Content-MD5 is refused", async () => {
    expectRefusal(await put({ body, headers: { "content-md5": MD5_OF_NOTHING } }), 400, "BadDigest");
  });

  it.each(["", "abc", "====", `${MD5_OF_NOTHING}AAAA`, "d41d8cd98f00b204e9800998ecf8427e", "1B2M2Y8AsgTpgAmY7PhCfh=="])(
    "the Content-MD5 %j is refused",
    async (value) => {
      expectRefusal(await put({ body, headers: { "content-md5": value } }), 400, "InvalidDigest");
    },
  );

  it.each(["crc32", "crc32c", "crc64nvme", "sha1", "sha256"])(
    "a wrong or malformed %s is refused",
    async (algorithm) => {
      const bytes = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 }[algorithm] ?? 0;
      const wrong = { [`x-amz-checksum-${algorithm}`]: Buffer.alloc(bytes, 1).toString("base64") };
      expectRefusal(await put({ body, headers: wrong }), 400, "BadDigest");
      for (const value of ["AAA", "not base64!", Buffer.alloc(bytes + 1).toString("base64")]) {
        expectRefusal(await put({ body, headers: { [`x-amz-checksum-${algorithm}`]: value } }), 400, "BadDigest");
      }
    },
  );

  it("two checksums, or an algorithm without one, are refused", async () => {
    const both = { "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA==" };
    const attempts = [both, { "x-amz-sdk-checksum-algorithm": "CRC32" }, { "x-amz-sdk-checksum-algorithm": "ROT13" }];
    for (const headers of attempts) expectRefusal(await put({ body, headers }), 400, "InvalidRequest");
  });
});

describe("keys", () => {
  it.each([
    ["1,025 bytes", "k".repeat(1_025)],
    ["1,025 bytes in 513 characters", `${"é".repeat(512)}k`],
    ["1,026 bytes behind a slash", `a/${"k".repeat(1_024)}`],
  ])("of %s are refused by every operation on objects", async (_, key) => {
    const path = `/${BUCKET}/${encodeURIComponent(key).replaceAll("%2F", "/")}`;
    const copy = { headers: { "x-amz-copy-source": `${BUCKET}/canary` }, body: "" };
    const drafts: Draft[] = [
      { method: "PUT", target: path, body: SMALL },
      { method: "PUT", target: path, ...copy },
      { method: "POST", target: `${path}?uploads=`, body: "" },
      { method: "GET", target: path },
      { method: "DELETE", target: path },
    ];
    for (const draft of drafts) expectRefusal(await target.send(draft), 400, "KeyTooLongError");
    expect(await target.send({ method: "HEAD", target: path })).toMatchObject({ status: 400 });
  });

  it("of 1,024 bytes are taken", async () => {
    const path = `/${BUCKET}/${encodeURIComponent("é").repeat(512)}`;
    expect(await put({ target: path })).toMatchObject({ status: 200 });
    expect((await target.send({ method: "GET", target: path })).body.toString()).toBe(SMALL);
    await target.send({ method: "DELETE", target: path });
  });
});

describe("metadata", () => {
  it.each([
    ["one value", { "x-amz-meta-a": "v".repeat(2_048) }],
    ["many values", Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`x-amz-meta-${n}`, "v".repeat(20)]))],
    ["UTF-8", { "x-amz-meta-a": utf8("é".repeat(1_024)) }],
  ])("of more than 2 KB in %s is refused", async (_, headers) => {
    expectRefusal(await put({ headers }), 400, "MetadataTooLarge");
    const upload = { method: "POST", target: `${PATH}?uploads=`, headers, body: "" };
    expectRefusal(await target.send(upload), 400, "MetadataTooLarge");
    const copy = { "x-amz-copy-source": `${BUCKET}/canary`, "x-amz-metadata-directive": "REPLACE" };
    expectRefusal(await put({ headers: { ...headers, ...copy }, body: "" }), 400, "MetadataTooLarge");
  });

  it("comes back as it was: odd names, no value, beyond ASCII", async () => {
    const headers = {
      "x-amz-meta-__proto__": "a",
      "x-amz-meta-constructor": "b",
      "x-amz-meta-empty": "",
      "x-amz-meta-utf8": utf8("grün"),
      "x-amz-meta-spaces": "a  b",
    };
    expect(await put({ headers })).toMatchObject({ status: 200 });
    const head = await target.send({ method: "HEAD", target: PATH });
    expect(head.headers).toMatchObject({
      "x-amz-meta-constructor": "b",
      "x-amz-meta-utf8": `=?UTF-8?B?${Buffer.from("grün").toString("base64")}?=`,
    });
    expect(Object.entries(head.headers)).toContainEqual(["x-amz-meta-__proto__", "a"]);
    await target.send({ method: "DELETE", target: PATH });
  });

  it("in octets that are not UTF-8 is refused", async () => {
    const answer = await put({ headers: { "x-amz-meta-a": "\xe9" } });
    expect([400, 403]).toContain(answer.status);
  });
});

describe("headers with values that S3 does not know", () => {
  it.each([
    ["x-amz-storage-class", "FLOPPY", 400, "InvalidStorageClass"],
    ["x-amz-server-side-encryption", "ROT13", 400, "InvalidArgument"],
    ["x-amz-acl", "public-read", 400, "AccessControlListNotSupported"],
    ["x-amz-website-redirect-location", "javascript:alert(1)", 400, "InvalidArgument"],
    ["x-amz-object-lock-mode", "GOVERNANCE", 400, "InvalidArgument"],
    ["x-amz-grant-read", "uri=http://acs.amazonaws.com/groups/global/AllUsers", 400, "AccessControlListNotSupported"],
    ["if-modified-since", "Sun, 01 Jan 2023 00:00:00 GMT", 501, "NotImplemented"],
  ] as const)("%s: %s", async (name, value, status, code) => {
    expectRefusal(await put({ headers: { [name]: value } }), status, code);
  });
});
