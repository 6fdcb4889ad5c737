import { describe, expect, test } from "vitest";
import { FormReader } from "../../../src/s3/post-object/form-reader.ts";
import { readBoundary, readPartHead } from "../../../src/s3/post-object/part-head.ts";

const BOUNDARY = "-----b0undary";
const ANY_SIZE = { minimum: 0, maximum: Number.POSITIVE_INFINITY };

/** A body that arrives in the given pieces. */
function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) if (piece.length > 0) controller.enqueue(piece);
      controller.close();
    },
  });
}

async function readForm(pieces: readonly Uint8Array[], sizes = ANY_SIZE) {
  const form = new FormReader(streamOf(pieces), BOUNDARY);
  const { fields, file } = await form.readFields();
  const { stream, length } = await form.openFile(sizes);
  const chunks: Uint8Array[] = [];
  let largest = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    largest = Math.max(largest, chunk.length);
  }
  return { fields, file, length, body: Buffer.concat(chunks), largest };
}

function field(name: string, value: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
}

const FILE_HEAD = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n`;
const END = `\r\n--${BOUNDARY}--\r\n`;

describe("a form", () => {
  // As near to a boundary as the file may come.
  const body = `\r\n--${BOUNDARY.slice(0, -1)}\r\n--\r\r\n-${BOUNDARY}\n--${BOUNDARY}--\r\n-`;
  const form = Buffer.from(field("key", "ü\r\n--") + field("empty", "") + FILE_HEAD + body + END);

  test("is the same wherever its body is split", async () => {
    const wrongly: number[] = [];
    for (let cut = 0; cut <= form.length; cut++) {
      const {
        fields,
        file,
        body: read,
      } = await readForm([form.subarray(0, cut), form.subarray(cut)]).catch(() => ({
        fields: [],
        file: undefined,
        body: undefined,
      }));
      const same =
        JSON.stringify(fields) === '[["key","ü\\r\\n--"],["empty",""]]' &&
        file?.filename === "a.txt" &&
        read?.toString() === body;
      if (!same) wrongly.push(cut);
    }
    expect(wrongly).toEqual([]);
  });

  test("is the same byte by byte", async () => {
    const { body: read } = await readForm(
      Array.from({ length: form.length }, (_, index) => form.subarray(index, index + 1)),
    );
    expect(read.toString()).toBe(body);
  });

  test("breaks off anywhere with MalformedPOSTRequest", async () => {
    const accepted: number[] = [];
    // The line break after the last boundary may be missing.
    for (let length = 0; length < form.length - 2; length += 1) {
      const error = await readForm([form.subarray(0, length)]).then(
        () => undefined,
        (reason: { code?: string }) => reason.code,
      );
      if (error !== "MalformedPOSTRequest") accepted.push(length);
    }
    expect(accepted).toEqual([]);
  });
});

describe("a file", () => {
  const large = Buffer.alloc(1_000_000, "\r\n-----b0undar");
  const pieces = [Buffer.from(FILE_HEAD), large.subarray(0, 500_001), large.subarray(500_001), Buffer.from(END)];

  test("passes without being held", async () => {
    const blocks = Array.from({ length: 100 }, () => Buffer.alloc(50_000, "-"));
    const { body, length, largest } = await readForm([Buffer.from(FILE_HEAD), ...blocks, Buffer.from(END)]);
    expect(length).toBeUndefined();
    expect(body.length).toBe(5_000_000);
    expect(largest).toBeLessThan(200_000);
  });

  test("that is small tells its length", async () => {
    const { length } = await readForm([Buffer.from(`${FILE_HEAD}hello${END}`)]);
    expect(length).toBe(5);
  });

  test("fails at the first byte too much, and at the end when bytes are missing", async () => {
    expect((await readForm(pieces, { minimum: 1_000_000, maximum: 1_000_000 })).body.equals(large)).toBe(true);
    await expect(readForm(pieces, { minimum: 0, maximum: 999_999 })).rejects.toMatchObject({ code: "EntityTooLarge" });
    await expect(readForm(pieces, { minimum: 1_000_001, maximum: 2_000_000 })).rejects.toMatchObject({
      code: "EntityTooSmall",
    });
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(Buffer.alloc(10_000)) });
    const form = new FormReader(endless.pipeThrough(prefix(FILE_HEAD)), BOUNDARY);
    await form.readFields();
    const { stream } = await form.openFile({ minimum: 0, maximum: 1_000_000 });
    await expect(drain(stream)).rejects.toMatchObject({ code: "EntityTooLarge" });
  });
});

async function drain(stream: ReadableStream<Uint8Array>): Promise<void> {
  for await (const chunk of stream) expect(chunk.length).toBeGreaterThan(0);
}

function prefix(text: string): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    start: (controller) => controller.enqueue(Buffer.from(text)),
    transform: (chunk, controller) => controller.enqueue(chunk),
  });
}

describe("the head of a part", () => {
  test.each([
    ['Content-Disposition: form-data; name="key"', "key", undefined],
    ["content-disposition:form-data;name=key", "key", undefined],
    ['Content-Type: text/plain\r\nContent-Disposition: form-data ; name="a" ; filename="b;c.txt"', "a", "b;c.txt"],
    [String.raw`Content-Disposition: form-data; name="a"; filename="say \"hi\".txt"`, "a", 'say "hi".txt'],
    [String.raw`Content-Disposition: form-data; name="a"; filename="C:\dir\file.txt"`, "a", "file.txt"],
    ['Content-Disposition: form-data; name="a"; filename="../../etc/passwd"', "a", "passwd"],
    ['Content-Disposition: form-data; name="a"; filename=""', "a", ""],
  ])("%s", (text, name, filename) => {
    expect(readPartHead(text)).toEqual({ name, filename });
  });

  test.each([
    "",
    "Content-Type: text/plain",
    "Content-Disposition: attachment; name=a",
    "Content-Disposition: form-data",
  ])("without a name is refused: %s", (text) => {
    expect(() => readPartHead(text)).toThrow(expect.objectContaining({ code: "MalformedPOSTRequest" }));
  });
});

test("the boundary is a parameter of the content type", () => {
  expect(readBoundary("multipart/form-data; boundary=abc")).toBe("abc");
  expect(readBoundary('Multipart/Form-Data; charset=utf-8 ; BOUNDARY="a b"')).toBe("a b");
  expect(readBoundary("multipart/form-data")).toBeUndefined();
  expect(readBoundary("multipart/mixed; boundary=abc")).toBeUndefined();
  expect(readBoundary(null)).toBeUndefined();
});
