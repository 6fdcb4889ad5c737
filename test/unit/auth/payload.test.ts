import { describe, expect, it } from "vitest";
import { openPayload, type PayloadAuth } from "../../../src/auth/sigv4/payload.ts";
import { frameChunks, readAll, sha256, streamOf } from "./signing.ts";

const CHUNKS = [Buffer.alloc(9_000, "a"), Buffer.alloc(8_500, "b"), Buffer.alloc(30, "c")];
const BODY = Buffer.concat(CHUNKS);

const SIGNED = {
  kind: "chunked-signed",
  trailer: false,
  accessKeyId: "AKID",
  signingKey: new Uint8Array(32).fill(1),
  scope: "20130524/us-east-1/s3/aws4_request",
  timestamp: "20130524T000000Z",
  seedSignature: "5".repeat(64),
} as const satisfies PayloadAuth;
const SIGNED_TRAILER = { ...SIGNED, trailer: true } as const;
const UNSIGNED_TRAILER = { kind: "chunked-unsigned" } as const;
const CHECKSUM = { "x-amz-checksum-crc32": "NhCmhg==" };

function headersFor(length: number | string, trailer?: string): Headers {
  const headers = new Headers({ "x-amz-decoded-content-length": String(length) });
  if (trailer !== undefined) headers.set("x-amz-trailer", trailer);
  return headers;
}

/** Decodes wire bytes and reports what came through, and the error if there was one. */
async function decode(
  wire: Uint8Array | string,
  auth: PayloadAuth,
  headers = headersFor(
    BODY.byteLength,
    auth.kind === "chunked-unsigned" || auth === SIGNED_TRAILER ? "x-amz-checksum-crc32" : undefined,
  ),
  size?: number,
) {
  const payload = openPayload(streamOf(Buffer.from(wire), size), headers, auth);
  const received: Uint8Array[] = [];
  try {
    for await (const piece of payload.stream as unknown as AsyncIterable<Uint8Array>) received.push(piece);
    return { bytes: Buffer.concat(received), trailers: payload.trailers, error: undefined };
  } catch (error) {
    return {
      bytes: Buffer.concat(received),
      trailers: payload.trailers,
      error: error as { code: string; detail: object },
    };
  }
}

async function refusalOf(...parameters: Parameters<typeof decode>): Promise<string | undefined> {
  const { error, bytes } = await decode(...parameters);
  // A consumer that waits for the whole length must never be satisfied by a body that fails.
  expect(bytes.byteLength < BODY.byteLength).toBe(error !== undefined);
  return error?.code;
}

function openWithoutBody(signedBody: string) {
  return openPayload(null, new Headers(), { kind: "sha256", sha256: sha256(signedBody) });
}

describe("plain bodies", () => {
  it("hands an unsigned body on as the very same stream", () => {
    const body = streamOf(BODY);
    const payload = openPayload(body, new Headers({ "content-length": "17530" }), { kind: "unsigned" });
    expect(payload.stream).toBe(body);
    expect(payload.length).toBe(17_530);
  });

  it("knows the length of no body, and not that of a body without Content-Length", () => {
    expect(openPayload(null, new Headers(), { kind: "unsigned" })).toMatchObject({ stream: null, length: 0 });
    expect(openPayload(streamOf(BODY), new Headers(), { kind: "unsigned" }).length).toBeUndefined();
  });

  it("verifies the hash of the whole body", async () => {
    const good = await decode(BODY, { kind: "sha256", sha256: sha256(BODY) }, new Headers(), 1_000);
    expect(good.error).toBeUndefined();
    expect(good.bytes.equals(BODY)).toBe(true);
  });

  it("refuses another body, before its last piece is handed on", async () => {
    const other = Buffer.from(BODY);
    other[0] = 0;
    const { error, bytes } = await decode(other, { kind: "sha256", sha256: sha256(BODY) }, new Headers(), 1_000);
    expect(error).toMatchObject({
      code: "XAmzContentSHA256Mismatch",
      status: 400,
      detail: { ClientComputedContentSHA256: sha256(BODY), S3ComputedContentSHA256: sha256(other) },
    });
    expect(bytes.byteLength).toBeLessThan(BODY.byteLength);
  });

  it("holds the last bytes back even when empty pieces follow them", async () => {
    const source = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of [BODY, new Uint8Array(0), new Uint8Array(0)]) controller.enqueue(piece);
        controller.close();
      },
    });
    const payload = openPayload(source, new Headers(), { kind: "sha256", sha256: sha256("another") });
    const reader = payload.stream!.getReader();
    await expect(reader.read()).rejects.toMatchObject({ code: "XAmzContentSHA256Mismatch" });
  });

  it("refuses a body shorter than Content-Length as incomplete", async () => {
    const headers = new Headers({ "content-length": String(BODY.byteLength) });
    const auth = { kind: "sha256", sha256: sha256(BODY) } as const;
    expect((await decode(BODY.subarray(0, 100), auth, headers)).error).toMatchObject({
      code: "IncompleteBody",
      status: 400,
    });
  });

  it("refuses no body where the hash of one was signed", () => {
    expect(() => openWithoutBody("a")).toThrowError(expect.objectContaining({ code: "XAmzContentSHA256Mismatch" }));
    expect(openWithoutBody("").stream).toBeNull();
  });
});

describe("framed bodies", () => {
  const forms = [
    ["signed chunks", SIGNED, frameChunks(CHUNKS, SIGNED).bytes],
    ["signed chunks and trailer", SIGNED_TRAILER, frameChunks(CHUNKS, SIGNED_TRAILER, CHECKSUM).bytes],
    ["unsigned chunks and trailer", UNSIGNED_TRAILER, frameChunks(CHUNKS, undefined, CHECKSUM).bytes],
  ] as const;

  it.each(forms)("decodes %s at any boundary of the incoming bytes", async (_, auth, wire) => {
    for (const size of [1, 2, 3, 7, 64, 85, 86, 87, 1_000, 8_999, 9_087, wire.byteLength]) {
      const { bytes, error, trailers } = await decode(wire, auth, undefined, size);
      expect(error).toBeUndefined();
      expect(bytes.equals(BODY)).toBe(true);
      expect(Object.fromEntries(trailers)).toEqual(auth === SIGNED ? {} : CHECKSUM);
    }
  });

  it.each(forms)("refuses %s cut anywhere", async (_, auth, wire) => {
    for (let length = 0; length < wire.byteLength; length += length > wire.byteLength - 400 ? 1 : 97) {
      expect(await refusalOf(wire.subarray(0, length), auth)).toMatch(/^(IncompleteBody|MalformedTrailerError)$/);
    }
  });

  it.each(forms)("refuses %s with more behind the end", async (_, auth, wire) => {
    for (const more of ["x", "0\r\n\r\n", "\r\nx"]) {
      expect(await refusalOf(Buffer.concat([wire, Buffer.from(more)]), auth)).toMatch(
        /IncompleteBody|MalformedTrailerError/,
      );
    }
  });

  it.each(forms)("refuses %s whose announced length lies", async (_, auth, wire) => {
    const trailer = auth === SIGNED ? undefined : "x-amz-checksum-crc32";
    for (const length of [0, 1, BODY.byteLength - 1, BODY.byteLength + 1, 1e12]) {
      const { error } = await decode(wire, auth, headersFor(length, trailer));
      expect(error).toMatchObject({ code: "IncompleteBody", status: 400 });
    }
  });

  it.each(forms)("needs the decoded length for %s", (_, auth, wire) => {
    expect(() => openPayload(streamOf(wire), new Headers(), auth)).toThrowError(
      expect.objectContaining({ code: "MissingContentLength", status: 411 }),
    );
    for (const length of ["-1", "1.5", "abc", "99999999999999999999"]) {
      expect(() => openPayload(streamOf(wire), headersFor(length), auth)).toThrowError(
        expect.objectContaining({ code: "InvalidArgument", status: 400 }),
      );
    }
    expect(() => openPayload(null, headersFor(0), auth)).toThrowError(
      expect.objectContaining({ code: "IncompleteBody" }),
    );
  });

  it("lets no byte beyond the announced length out", async () => {
    const wire = `5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`;
    const { bytes, error } = await decode(wire, UNSIGNED_TRAILER, headersFor(7), 1);
    expect(error?.code).toBe("IncompleteBody");
    expect("hello".startsWith(bytes.toString())).toBe(true);
  });

  it("decodes an empty body", async () => {
    expect(await decode(frameChunks([], SIGNED).bytes, SIGNED, headersFor(0))).toMatchObject({ error: undefined });
    const { error, trailers } = await decode(
      `0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`,
      UNSIGNED_TRAILER,
      headersFor(0, "x-amz-checksum-crc32"),
    );
    expect(error).toBeUndefined();
    expect(trailers.get("x-amz-checksum-crc32")).toBe("AAAAAA==");
  });

  it("accepts small chunks, which S3 would not", async () => {
    const small = Array.from({ length: BODY.byteLength / 10 }, (_, i) => BODY.subarray(i * 10, i * 10 + 10));
    const { bytes, error } = await decode(frameChunks(small, SIGNED).bytes, SIGNED);
    expect(error).toBeUndefined();
    expect(bytes.equals(BODY)).toBe(true);
  });

  it("ignores other chunk extensions and the case of the size", async () => {
    const wire = `0A;ext=1;b\r\n0123456789\r\n0;x\r\nx-amz-checksum-crc32:q\r\n\r\n`;
    const { bytes } = await decode(wire, UNSIGNED_TRAILER, headersFor(10, "x-amz-checksum-crc32"));
    expect(bytes.toString()).toBe("0123456789");
  });

  it.each([
    ["no size", "\r\n\r\n"],
    ["a size that is not hex", "zz\r\n0123456789\r\n0\r\n\r\n"],
    ["a negative size", "-a\r\n0123456789\r\n0\r\n\r\n"],
    ["a size with 0x", "0xa\r\n0123456789\r\n0\r\n\r\n"],
    ["a huge size", "ffffffffffffffff\r\n0123456789\r\n0\r\n\r\n"],
    ["LF without CR", "a\n0123456789\r\n0\r\n\r\n"],
    ["no CRLF behind the data", "a\r\n01234567890\r\n\r\n"],
    ["a size too small", "9\r\n0123456789\r\n0\r\n\r\n"],
    ["an endless header", `a;${"x".repeat(100_000)}`],
    ["an endless trailer", `a\r\n0123456789\r\n0\r\n${"x".repeat(100_000)}`],
  ])("refuses framing with %s", async (_, wire) => {
    for (const size of [1, 5, 4_096]) {
      const { error } = await decode(wire, UNSIGNED_TRAILER, headersFor(10), size);
      expect(error).toMatchObject({ code: "IncompleteBody", status: 400 });
    }
  });

  it("cancels the incoming body when it refuses, and when its reader goes away", async () => {
    const reasons: unknown[] = [];
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(Buffer.from("zz\r\n")),
        cancel: (reason) => void reasons.push(reason),
      });
    const refused = openPayload(endless(), headersFor(10), UNSIGNED_TRAILER);
    await expect(readAll(refused.stream!)).rejects.toMatchObject({ code: "IncompleteBody" });
    expect(reasons).toMatchObject([{ code: "IncompleteBody" }]);
    await openPayload(endless(), headersFor(10), UNSIGNED_TRAILER).stream!.cancel("gone");
    expect(reasons[1]).toBe("gone");
  });

  it.each([SIGNED, { kind: "sha256", sha256: sha256("x") }] as const)(
    "leaves the incoming body to whoever drains it until somebody reads ($kind)",
    async (auth) => {
      const body = streamOf(Buffer.from("x"));
      const { stream } = openPayload(body, headersFor(1), auth);
      expect(body.locked).toBe(false);
      await stream!
        .getReader()
        .read()
        .catch(() => undefined);
      expect(body.locked).toBe(true);
    },
  );

  it("buffers nothing: each piece is out when the next has come", async () => {
    let given = 0;
    const wire = frameChunks([Buffer.alloc(1_000_000)], SIGNED).bytes;
    const source = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          controller.enqueue(wire.slice(given, given + 10_000));
          given += 10_000;
          if (given >= wire.byteLength) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const reader = openPayload(source, headersFor(1_000_000), SIGNED).stream!.getReader();
    let received = 0;
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      received += next.value.byteLength;
      expect(given - received).toBeLessThan(21_000);
    }
    expect(received).toBe(1_000_000);
  });
});

describe("attacks on chunk signatures", () => {
  const { bytes: wire } = frameChunks(CHUNKS, SIGNED);
  const lines = CHUNKS.map((_, i) => frameChunks(CHUNKS.slice(0, i + 1), SIGNED));
  /** The wire bytes of one chunk, header to delimiter. */
  const chunkBytes = CHUNKS.map((chunk, i) =>
    Buffer.from(
      `${chunk.byteLength.toString(16)};chunk-signature=${lines[i]!.signatures[i]}\r\n${chunk.toString()}\r\n`,
    ),
  );
  const end = wire.subarray(Buffer.concat(chunkBytes).byteLength);
  const [first, second, third] = chunkBytes as [Buffer, Buffer, Buffer];
  const mismatch = "SignatureDoesNotMatch";

  it("finds the pieces that it builds the attacks from", async () => {
    expect(await refusalOf(Buffer.concat([first, second, third, end]), SIGNED)).toBeUndefined();
  });

  it("refuses chunks reordered, left out, replayed or replaced", async () => {
    expect(await refusalOf(Buffer.concat([second, first, third, end]), SIGNED)).toBe(mismatch);
    expect(await refusalOf(Buffer.concat([first, third, end]), SIGNED)).toBe(mismatch);
    expect(await refusalOf(Buffer.concat([third, third, third, end]), SIGNED)).toBe(mismatch);
    expect(await refusalOf(Buffer.concat([first, second, end]), SIGNED)).toBe(mismatch);
    expect(await refusalOf(Buffer.concat([first, end]), SIGNED)).toBe(mismatch);
    const lastChanged = Buffer.from(wire);
    lastChanged[wire.byteLength - end.byteLength - 3] = 0;
    expect(await refusalOf(lastChanged, SIGNED)).toBe(mismatch);
  });

  it("refuses a stream that ends early although its length was changed to fit", async () => {
    // The length itself is a signed header; this is the second line of defence.
    const { error } = await decode(Buffer.concat([first, end]), SIGNED, headersFor(CHUNKS[0]!.byteLength));
    expect(error).toMatchObject({ code: mismatch, status: 403 });
  });

  it("refuses every change of a byte", async () => {
    for (let position = 0; position < wire.byteLength; position += position % 9_000 < 100 ? 1 : 501) {
      const spoilt = Buffer.from(wire);
      spoilt[position]! ^= 1;
      expect(await refusalOf(spoilt, SIGNED)).toMatch(/^(SignatureDoesNotMatch|IncompleteBody)$/);
    }
  });

  it("refuses unsigned chunks where signed ones were declared", async () => {
    expect(await refusalOf(frameChunks(CHUNKS, undefined).bytes, SIGNED)).toBe("IncompleteBody");
  });

  it("tells which string was expected to be signed", async () => {
    const spoilt = Buffer.from(wire);
    spoilt[200]! ^= 1;
    const { error } = await decode(spoilt, SIGNED);
    expect(error?.detail).toMatchObject({
      AWSAccessKeyId: "AKID",
      StringToSign: expect.stringContaining(
        `AWS4-HMAC-SHA256-PAYLOAD\n20130524T000000Z\n${SIGNED.scope}\n${SIGNED.seedSignature}\n`,
      ),
      SignatureProvided: lines[0]!.signatures[0],
    });
  });
});

describe("trailers", () => {
  const announced = headersFor(2, "X-Amz-Checksum-CRC32");
  const unsigned = (trailer: string, headers = announced) =>
    decode(`2\r\nab\r\n0\r\n${trailer}`, UNSIGNED_TRAILER, headers);

  it.each([
    ["as SDKs write them", "x-amz-checksum-crc32:NhCmhg==\r\n\r\n"],
    ["in another case, with spaces", "X-Amz-Checksum-Crc32 : NhCmhg== \r\n\r\n"],
    ["as minio-go writes them", "x-amz-checksum-crc32:NhCmhg==\n\r\n\r\n"],
  ])("are read %s", async (_, trailer) => {
    expect((await unsigned(trailer)).trailers.get("x-amz-checksum-crc32")).toBe("NhCmhg==");
  });

  it.each([
    ["missing", "\r\n"],
    ["without a colon", "x-amz-checksum-crc32\r\n\r\n"],
    ["without a name", ":NhCmhg==\r\n\r\n"],
    ["not announced", "x-amz-checksum-sha1:a\r\n\r\n"],
    ["more than announced", "x-amz-checksum-crc32:a\r\nx-amz-meta-a:b\r\n\r\n"],
    ["given twice", "x-amz-checksum-crc32:a\r\nx-amz-checksum-crc32:a\r\n\r\n"],
    ["signed where none is", "x-amz-checksum-crc32:a\r\nx-amz-trailer-signature:b\r\n\r\n"],
  ])("are refused when %s", async (_, trailer) => {
    expect((await unsigned(trailer)).error).toMatchObject({
      code: "MalformedTrailerError",
      status: 400,
      message:
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
    });
  });

  it("are refused when there is no x-amz-trailer", async () => {
    const { error } = await unsigned("x-amz-checksum-crc32:a\r\n\r\n", headersFor(2));
    expect(error?.code).toBe("MalformedTrailerError");
  });

  it.each(["x-amz-checksum-crc32:a\r\n", "x-amz-checksum-crc32:a\r\n\r", "x-amz-checksum-crc32:a\r\n\rX", ""])(
    "are incomplete when they end with %j",
    async (trailer) => expect((await unsigned(trailer)).error?.code).toBe("IncompleteBody"),
  );

  it("must be signed where chunks are", async () => {
    const { bytes: wire } = frameChunks(CHUNKS, SIGNED_TRAILER, CHECKSUM);
    const text = wire.toString("latin1");
    const spoil = (pattern: RegExp | string, replacement: string) => {
      const spoilt = text.replace(pattern, replacement);
      expect(spoilt).not.toBe(text);
      return refusalOf(Buffer.from(spoilt, "latin1"), SIGNED_TRAILER);
    };
    expect(await spoil("NhCmhg==", "AAAAAA==")).toBe("SignatureDoesNotMatch");
    expect(await spoil(/(x-amz-trailer-signature:)./, "$1z")).toBe("SignatureDoesNotMatch");
    expect(await spoil(/x-amz-trailer-signature:.*\r\n/, "")).toBe("MalformedTrailerError");
    expect(await spoil(/(x-amz-checksum.*\r\n)(x-amz-trailer-signature.*\r\n)/, "$2$1")).toBe("MalformedTrailerError");
    expect(await spoil(/x-amz-checksum-crc32:.*\r\n/, "")).toMatch(/MalformedTrailerError|SignatureDoesNotMatch/);
  });

  it("signed, in minio-go's form, are read", async () => {
    const { bytes: wire } = frameChunks(CHUNKS, SIGNED_TRAILER, CHECKSUM);
    const text = wire.toString("latin1").replace("NhCmhg==\r\n", "NhCmhg==\n\r\n");
    const { error, trailers } = await decode(Buffer.from(text, "latin1"), SIGNED_TRAILER);
    expect(error).toBeUndefined();
    expect(trailers.get("x-amz-checksum-crc32")).toBe("NhCmhg==");
  });
});
