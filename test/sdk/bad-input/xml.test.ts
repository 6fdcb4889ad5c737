import { createHash } from "node:crypto";
import { CreateMultipartUploadCommand, UploadPartCommand, AbortMultipartUploadCommand } from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openRaw, type RawAnswer, readAnswer, sendRaw } from "../../support/raw-http.ts";
import { type Draft, signInHeader } from "../attacks/hand-signed.ts";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "../attacks/target.ts";

// Attack class 9 and documents that are no documents, on every operation that reads one.

let target: Target;
let uploadId: string;
beforeAll(async () => {
  target = await startTarget();
  const place = { Bucket: BUCKET, Key: "upload" };
  const { UploadId = "" } = await target.s3.send(new CreateMultipartUploadCommand(place));
  await target.s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: "part" }));
  uploadId = UploadId;
});
afterEach(() => expectUploadIntact());
afterAll(async () => {
  await target.s3.send(new AbortMultipartUploadCommand({ Bucket: BUCKET, Key: "upload", UploadId: uploadId }));
  await target.expectUntouched();
  await target.stop();
});

async function expectUploadIntact(): Promise<void> {
  const parts = await target.send({ method: "GET", target: `/${BUCKET}/upload?uploadId=${uploadId}` });
  expect(parts.body.toString()).toContain("<PartNumber>1</PartNumber>");
}

/** The longest body that each takes. */
const LIMITS = { DeleteObjects: 7 * 1024 ** 2, CompleteMultipartUpload: 4 * 1024 ** 2, CreateBucket: 64 * 1024 };
const READERS = ["DeleteObjects", "CompleteMultipartUpload", "CreateBucket"] as const;
type Reader = (typeof READERS)[number];

function draftOf(reader: Reader, body: string | Buffer): Draft {
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  switch (reader) {
    case "DeleteObjects":
      return { method: "POST", target: `/${BUCKET}?delete=`, headers, body };
    case "CompleteMultipartUpload":
      return { method: "POST", target: `/${BUCKET}/upload?uploadId=${uploadId}`, headers, body };
    case "CreateBucket":
      return { method: "PUT", target: "/never-created", headers, body };
  }
}

function post(reader: Reader, body: string | Buffer): Promise<RawAnswer> {
  return target.send(draftOf(reader, body));
}

/** A document that the operation would take, with `inside` at its beginning. */
function documentOf(reader: Reader, inside = ""): string {
  switch (reader) {
    case "DeleteObjects":
      return `<Delete>${inside}<Object><Key>${CANARY}</Key></Object></Delete>`;
    case "CompleteMultipartUpload":
      return `<CompleteMultipartUpload>${inside}<Part><PartNumber>1</PartNumber><ETag>"${createHash("md5").update("part").digest("hex")}"</ETag></Part></CompleteMultipartUpload>`;
    case "CreateBucket":
      return `<CreateBucketConfiguration>${inside}</CreateBucketConfiguration>`;
  }
}

const LAUGHS = Array.from({ length: 9 }, (_, level) => `<!ENTITY l${level + 1} "${`&l${level};`.repeat(10)}">`).join(
  "",
);

describe.each(READERS)("%s", (reader) => {
  const valid = documentOf(reader);
  const malformed: Record<string, string | Buffer> = {
    "a DOCTYPE": `<!DOCTYPE x>${valid}`,
    "an external entity": `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${documentOf(reader, "&e;")}`,
    "a parameter entity": `<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/"> %p;]>${valid}`,
    "entities that expand": `<!DOCTYPE x [<!ENTITY l0 "ha">${LAUGHS}]>${documentOf(reader, "&l9;")}`,
    "an entity that nobody declared": documentOf(reader, "&nbsp;"),
    "another root": "<Other/>",
    "two roots": `${valid}${valid}`,
    "text after the root": `${valid}more`,
    "an end missing": valid.slice(0, -3),
    "ends that cross": documentOf(reader, "<a><b></a></b>"),
    "an unknown element": documentOf(reader, "<Unknown>1</Unknown>"),
    "8,000 levels": documentOf(reader, "<a>".repeat(8_000) + "</a>".repeat(8_000)),
    "65 levels": documentOf(reader, "<a>".repeat(65) + "</a>".repeat(65)),
    "an attribute twice": documentOf(reader, '<a b="1" b="2"/>'),
    "octets that are not UTF-8": Buffer.from(documentOf(reader, "<a>\xff\xfe</a>"), "latin1"),
    "UTF-16": Buffer.from(`\ufeff${valid}`, "utf16le"),
    "a raw control character": documentOf(reader, "<a>\x01</a>"),
    "a reference beyond Unicode": documentOf(reader, "<a>&#x110000;</a>"),
    "a reference without digits": documentOf(reader, "<a>&#;&#x;</a>"),
    "a surrogate": documentOf(reader, "<a>&#xD800;</a>"),
    JSON: '{"Delete":{"Object":[{"Key":"canary"}]}}',
    "a form": "Key=canary",
    spaces: " \r\n\t ",
  };

  it.each(Object.entries(malformed))("refuses %s", async (_, body) => {
    expectRefusal(await post(reader, body), 400, "MalformedXML");
  });

  it("refuses a million empty elements, at once", async () => {
    const startedAt = performance.now();
    const answer = await post(reader, documentOf(reader, "<a/>".repeat(1_000_000)));
    expect(answer.status).toBe(400);
    expect(["MalformedXML", "MaxMessageLengthExceeded"]).toContain(/<Code>(\w+)/.exec(answer.body.toString())?.[1]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it("refuses 10 MB before they are sent", async () => {
    const padded = documentOf(reader, `<!--${"x".repeat(10_000_000)}-->`);
    const { head } = signInHeader(target, target.key, draftOf(reader, padded));
    expectRefusal(await sendRaw(target.endpoint, head), 400, "MaxMessageLengthExceeded");
  });

  it("refuses a body of unknown length as soon as it is too long, without its end", async () => {
    const begun = documentOf(reader, `<!--${"x".repeat(LIMITS[reader])}`);
    const { head } = signInHeader(target, target.key, {
      ...draftOf(reader, begun),
      contentLength: false,
      payloadHash: "UNSIGNED-PAYLOAD",
      unsigned: { "transfer-encoding": "chunked" },
    });
    const socket = await openRaw(target.endpoint);
    // Not a byte after what makes it too long: one that the server no longer reads would break the connection, and a
    // client that writes into a broken connection never reads the answer.
    socket.write(Buffer.concat([head, Buffer.from(`${begun.length.toString(16)}\r\n${begun}\r\n`)]));
    expectRefusal(await readAnswer(socket), 400, "MaxMessageLengthExceeded");
    socket.destroy();
  });
});

it.each([
  ["DeleteObjects", "MissingRequestBodyError"],
  // To S3 it is a list without parts.
  ["CompleteMultipartUpload", "MalformedXML"],
] as const)("%s refuses an empty body", async (reader, code) => {
  expectRefusal(await post(reader, ""), 400, code);
});

describe("DeleteObjects", () => {
  const documents: Record<string, string> = {
    "no objects": "<Delete/>",
    "1,001 objects": `<Delete>${Array.from({ length: 1_001 }, (_, n) => `<Object><Key>${n}</Key></Object>`).join("")}</Delete>`,
    "an object without a key": "<Delete><Object><VersionId>null</VersionId></Object></Delete>",
    "an empty key": "<Delete><Object><Key></Key></Object></Delete>",
    "two keys in an object": `<Delete><Object><Key>${CANARY}</Key><Key>a</Key></Object></Delete>`,
    "elements in a key": `<Delete><Object><Key><a>${CANARY}</a></Key></Object></Delete>`,
    "a Quiet that is neither": `<Delete><Quiet>maybe</Quiet><Object><Key>${CANARY}</Key></Object></Delete>`,
  };

  it.each(Object.entries(documents))("refuses %s", async (_, body) => {
    expectRefusal(await post("DeleteObjects", body), 400, "MalformedXML");
  });

  it("refuses a key of 1,025 bytes by itself, and takes references and CDATA as text", async () => {
    await target.send({ method: "PUT", target: `/${BUCKET}/a%3Cb%26c`, body: "x" });
    const body = `<Delete><Object><Key>${"k".repeat(1_025)}</Key></Object><Object><Key>&#x61;<![CDATA[<b]]>&amp;&#99;</Key></Object></Delete>`;
    const answer = (await post("DeleteObjects", body)).body.toString();
    expect(answer).toContain("<Code>KeyTooLongError</Code>");
    expect(answer).toContain("<Deleted><Key>a&lt;b&amp;c</Key></Deleted>");
  });

  it.each([
    ["no proof that the body is whole", {}, "InvalidRequest"],
    ["a wrong Content-MD5", { "content-md5": createHash("md5").update("other").digest("base64") }, "BadDigest"],
    ["a malformed Content-MD5", { "content-md5": "abc" }, "InvalidDigest"],
    ["a wrong checksum", { "x-amz-checksum-crc32": "AAAAAA==" }, "BadDigest"],
  ] as const)("refuses %s", async (_, headers, code) => {
    const answer = await target.send({
      method: "POST",
      target: `/${BUCKET}?delete=`,
      headers,
      body: documentOf("DeleteObjects"),
    });
    expectRefusal(answer, 400, code);
  });
});

describe("CompleteMultipartUpload", () => {
  const part = (number: string, etag = "abc") => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
  const wrap = (inside: string) => `<CompleteMultipartUpload>${inside}</CompleteMultipartUpload>`;

  it.each([
    ["no parts", "", "MalformedXML"],
    ["10,001 parts", Array.from({ length: 10_001 }, (_, n) => part(String(n + 1))).join(""), "MalformedXML"],
    ["a number that is none", part("one"), "MalformedXML"],
    ["part 0", part("0"), "InvalidArgument"],
    ["part -1", part("-1"), "InvalidArgument"],
    ["a part that was not sent", part("2"), "InvalidPart"],
    ["an ETag of something else", part("1"), "InvalidPart"],
    ["parts out of order", part("2") + part("1"), "InvalidPartOrder"],
    ["a part without an ETag", "<Part><PartNumber>1</PartNumber></Part>", "MalformedXML"],
  ])("refuses %s", async (_, inside, code) => {
    expectRefusal(await post("CompleteMultipartUpload", wrap(inside)), 400, code);
  });
});
