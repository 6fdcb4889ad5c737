import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encode, utf8 } from "./hand-signed.ts";
import { BUCKET, CANARY, expectRefusal, FOREIGN_BUCKET, startTarget, type Target } from "./target.ts";

// Attack class 3: names that would leave their bucket if anything took them for a path. Keys are literal.

const KEYS = [
  `../${FOREIGN_BUCKET}/${CANARY}`,
  `../../${FOREIGN_BUCKET}/${CANARY}`,
  "..",
  ".",
  "./a",
  "a/../b",
  "a/..",
  `/${FOREIGN_BUCKET}/${CANARY}`,
  "//a",
  "a//b",
  "a/",
  `..\\${FOREIGN_BUCKET}\\${CANARY}`,
  "a\0b",
  "a\0",
  "\r\nx-amz-meta-a: b",
  "%2e%2e%2f",
  "a?acl",
  "a#b",
  "a;b",
  "é\u0301",
  "\u{1f600}",
  "\ufffd",
  "__proto__",
  "constructor",
];

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => target.expectUntouched());
afterAll(() => target.stop());

async function listKeys(): Promise<string[]> {
  const listing = await target.s3.send(new ListObjectsV2Command({ Bucket: BUCKET, EncodingType: "url" }));
  return (listing.Contents ?? []).map(({ Key = "" }) => decodeURIComponent(Key));
}

async function read(key: string): Promise<string | undefined> {
  const { Body } = await target.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Body?.transformToString();
}

/** The spellings of a key in a request line that no client library would leave alone. */
function spellings(key: string): string[] {
  const encoded = encode(key);
  const literal = /^[\w./~-]+$/.test(key) ? [key] : [];
  return [encoded, encoded.toLowerCase(), encoded.replaceAll("%2F", "/"), encoded.replaceAll(".", "%2e"), ...literal];
}

describe("attack class 3: a key is what it says, inside its bucket", () => {
  it.each(KEYS)("in URLs: %j", async (key) => {
    for (const path of spellings(key)) {
      expect(await target.send({ method: "PUT", target: `/${BUCKET}/${path}`, body: path })).toMatchObject({
        status: 200,
      });
      expect((await listKeys()).sort()).toEqual([CANARY, key].sort());
      expect((await target.send({ method: "GET", target: `/${BUCKET}/${encode(key)}` })).body.toString()).toBe(path);
      expect(await target.send({ method: "DELETE", target: `/${BUCKET}/${path}` })).toMatchObject({ status: 204 });
      expect(await listKeys()).toEqual([CANARY]);
    }
  });

  it.each(KEYS)("in copy sources: %j", async (key) => {
    await target.send({ method: "PUT", target: `/${BUCKET}/${encode(key)}`, body: "source" });
    for (const source of [`${BUCKET}/${encode(key)}`, `/${BUCKET}/${encode(key)}`, encode(`${BUCKET}/${key}`)]) {
      const headers = { "x-amz-copy-source": source };
      const answer = await target.send({ method: "PUT", target: `/${BUCKET}/copy`, headers, body: "" });
      expect(answer).toMatchObject({ status: 200 });
      expect(await read("copy")).toBe("source");
    }
    for (const name of [encode(key), "copy"]) await target.send({ method: "DELETE", target: `/${BUCKET}/${name}` });
  });

  it("in DeleteObjects", async () => {
    for (const key of KEYS) await target.send({ method: "PUT", target: `/${BUCKET}/${encode(key)}`, body: "a" });
    // A parser reads CR as LF unless it is a reference; the SDK writes it as one.
    const Objects = KEYS.map((Key) => ({ Key }));
    const { Errors, Deleted } = await target.s3.send(
      new DeleteObjectsCommand({
        Bucket: BUCKET,
        Delete: { Objects: Objects.filter(({ Key }) => !Key.includes("\0")) },
      }),
    );
    expect(Errors).toBeUndefined();
    expect(Deleted).toHaveLength(KEYS.filter((key) => !key.includes("\0")).length);
    expect((await listKeys()).sort()).toEqual([...KEYS.filter((key) => key.includes("\0")), CANARY].sort());
    for (const key of KEYS.filter((name) => name.includes("\0")))
      await target.send({ method: "DELETE", target: `/${BUCKET}/${encode(key)}` });
  });
});

describe("attack class 3: a path never names the bucket of another account", () => {
  it.each([
    `/${BUCKET}/../${FOREIGN_BUCKET}/${CANARY}`,
    `/${BUCKET}/%2e%2e/${FOREIGN_BUCKET}/${CANARY}`,
    `/${BUCKET}/..%2f${FOREIGN_BUCKET}%2f${CANARY}`,
    `/${BUCKET}//${FOREIGN_BUCKET}/${CANARY}`,
    `/${BUCKET}/.//../../${FOREIGN_BUCKET}/${CANARY}`,
  ])("%s is a key that is not there", async (path) => {
    expectRefusal(await target.send({ method: "GET", target: path }), 404, "NoSuchKey");
    expect(await target.send({ method: "DELETE", target: path })).toMatchObject({ status: 204 });
  });

  it.each([
    `/../${FOREIGN_BUCKET}/${CANARY}`,
    `/%2e%2e/${FOREIGN_BUCKET}/${CANARY}`,
    `//${FOREIGN_BUCKET}/${CANARY}`,
    `/./${FOREIGN_BUCKET}/${CANARY}`,
    `/\\${FOREIGN_BUCKET}/${CANARY}`,
    `/${BUCKET}%2f..%2f${FOREIGN_BUCKET}/${CANARY}`,
    `/${BUCKET}%00/${CANARY}`,
    `/${BUCKET}%2f${CANARY}`,
  ])("%s names no bucket", async (path) => {
    for (const method of ["GET", "PUT", "DELETE"]) {
      const body = method === "PUT" ? { body: "planted" } : {};
      expectRefusal(await target.send({ method, target: path, ...body }), 400, "InvalidBucketName");
    }
  });

  it("neither does a host", async () => {
    for (const host of [`..s3.localhost`, `${BUCKET}%2f.s3.localhost`, `${FOREIGN_BUCKET}/.s3.localhost`]) {
      const answer = await target.send({ method: "GET", target: `/${CANARY}`, headers: { host } });
      expect([400, 403, 404]).toContain(answer.status);
    }
    const other = await target.send({
      method: "GET",
      target: `/${CANARY}`,
      headers: { host: `${FOREIGN_BUCKET}.s3.localhost` },
    });
    expectRefusal(other, 403, "AccessDenied");
  });
});

describe("attack class 3: what is not UTF-8", () => {
  const octets = ["%ff", "%c0%ae%c0%ae/", "%ed%a0%80", "a%80b", "%f5%80%80%80"];

  it.each(octets)("%s is no key", async (path) => {
    for (const method of ["PUT", "GET", "DELETE"]) {
      const body = method === "PUT" ? { body: "planted" } : {};
      expectRefusal(await target.send({ method, target: `/${BUCKET}/${path}`, ...body }), 400, "InvalidURI");
    }
  });

  it.each(octets)("%s is no bucket, parameter or copy source", async (path) => {
    expectRefusal(await target.send({ method: "GET", target: `/${path}x/key` }), 400, "InvalidURI");
    expectRefusal(await target.send({ method: "GET", target: `/${BUCKET}?prefix=${path}` }), 400, "InvalidURI");
    const headers = { "x-amz-copy-source": `${BUCKET}/${path}x` };
    expectRefusal(
      await target.send({ method: "PUT", target: `/${BUCKET}/copy`, headers, body: "" }),
      400,
      "InvalidURI",
    );
  });

  it("does not pass as raw octets", async () => {
    const answer = await target.send({ method: "PUT", target: `/${BUCKET}/\xff\xfe`, body: "planted" });
    expect([400, 403]).toContain(answer.status);
  });

  it("raw UTF-8 names the same key as its escapes", async () => {
    expect(await target.send({ method: "PUT", target: `/${BUCKET}/${utf8("é")}`, body: "a" })).toMatchObject({
      status: 200,
    });
    expect(await read("é")).toBe("a");
    await target.send({ method: "DELETE", target: `/${BUCKET}/%c3%a9` });
  });
});

it.each([
  "",
  "/",
  BUCKET,
  `${BUCKET}/`,
  `/${BUCKET}/`,
  "//",
  `//${BUCKET}/${CANARY}`,
  "?versionId=null",
  `${BUCKET}/${CANARY}?versionId=`,
])("the copy source %j names no object", async (copySource) => {
  const headers = { "x-amz-copy-source": copySource };
  const answer = await target.send({ method: "PUT", target: `/${BUCKET}/copy`, headers, body: "" });
  expectRefusal(answer, 400, "InvalidArgument");
});
