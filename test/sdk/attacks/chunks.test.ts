import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { anyone } from "../../../src/lib/operation.ts";
import { s3Operations } from "../../../src/s3/operations.ts";
import { type RawAnswer, sendRaw } from "../../support/raw-http.ts";
import { frameChunks } from "../../unit/auth/signing.ts";
import { type Draft, signInHeader } from "./hand-signed.ts";
import { nameRow, requestRow } from "./operation-rows.ts";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "./target.ts";

// Attack class 1: aws-chunked bodies.

const SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
/** Over and under the size that is stored in the index. */
const SIZES = [3_000, 60_000];
/** CRC-32 of nothing. */
const WRONG_CRC = { "x-amz-checksum-crc32": "AAAAAA==" };

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(() => target.expectUntouched());
afterAll(() => target.stop());

interface Framing {
  readonly payloadHash?: string;
  readonly decodedLength?: string;
  readonly trailers?: Record<string, string>;
  readonly announced?: string;
  readonly chunks?: readonly Buffer[];
}

/** Sends a chunked PUT, its framed body changed by `alter`. */
async function put(
  size: number,
  framing: Framing,
  alter: (body: Buffer) => Buffer = (body) => body,
): Promise<RawAnswer> {
  const chunks = framing.chunks ?? [Buffer.alloc(size / 2, "a"), Buffer.alloc(size / 2, "b")];
  const payloadHash = framing.payloadHash ?? SIGNED;
  const decoded = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
  const draft: Draft = {
    method: "PUT",
    target: `/${BUCKET}/chunked`,
    payloadHash,
    headers: {
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": framing.decodedLength ?? String(decoded),
      ...(framing.announced === undefined ? {} : { "x-amz-trailer": framing.announced }),
    },
  };
  const { signature, ...signing } = signInHeader(target, target.key, draft);
  const signer = payloadHash === UNSIGNED_TRAILER ? undefined : { ...signing, seedSignature: signature };
  const body = alter(frameChunks(chunks, signer, framing.trailers).bytes);
  const { head } = signInHeader(target, target.key, { ...draft, body, time: parseTime(signing.timestamp) });
  return sendRaw(target.endpoint, [head, body]);
}

function parseTime(timestamp: string): number {
  return Date.parse(timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function asText(change: (text: string) => string): (body: Buffer) => Buffer {
  return (body) => Buffer.from(change(body.toString("latin1")), "latin1");
}

/** The framed chunks, each with its header line. */
function splitChunks(text: string): string[] {
  return text.split(/(?<=^|\r\n)(?=[0-9a-f]+;chunk-signature=)/);
}

describe.each(SIZES)("attack class 1: signed chunks of %i bytes", (size) => {
  it("with a wrong signature are refused", async () => {
    const answer = await put(
      size,
      {},
      asText((text) => text.replace(/chunk-signature=.{8}/, "chunk-signature=00000000")),
    );
    expectRefusal(answer, 403, "SignatureDoesNotMatch");
  });

  it("with altered data are refused", async () => {
    expectRefusal(
      await put(
        size,
        {},
        asText((text) => text.replace("bbbb", "bbbc")),
      ),
      403,
      "SignatureDoesNotMatch",
    );
  });

  it("in another order are refused", async () => {
    const reorder = asText((text) => {
      const [first, second, last] = splitChunks(text);
      return `${second}${first}${last}`;
    });
    expectRefusal(await put(size, {}, reorder), 403, "SignatureDoesNotMatch");
  });

  it("replayed in place of another are refused", async () => {
    const replay = asText((text) => {
      const [first, , last] = splitChunks(text);
      return `${first}${first}${last}`;
    });
    expectRefusal(await put(size, {}, replay), 403, "SignatureDoesNotMatch");
  });

  it("that are fewer than announced are refused", async () => {
    const dropSecond = asText((text) => {
      const [first, , last] = splitChunks(text);
      return `${first}${last}`;
    });
    expectRefusal(await put(size, {}, dropSecond), 403, "SignatureDoesNotMatch");
    expectRefusal(
      await put(
        size,
        {},
        asText((text) => splitChunks(text).slice(0, 2).join("")),
      ),
      400,
      "IncompleteBody",
    );
  });

  it("that end within a chunk are refused", async () => {
    expectRefusal(await put(size, {}, (body) => body.subarray(0, body.byteLength - 400)), 400, "IncompleteBody");
  });

  it("without signatures are refused", async () => {
    expectRefusal(
      await put(
        size,
        {},
        asText((text) => text.replaceAll(/;chunk-signature=\w+/g, "")),
      ),
      400,
      "IncompleteBody",
    );
  });
});

describe.each(SIZES)("attack class 1: x-amz-decoded-content-length of %i bytes", (size) => {
  it.each([SIGNED, UNSIGNED_TRAILER])("that is short or long is refused with %s", async (payloadHash) => {
    for (const lie of [size - 1, size + 1, 0, 2 ** 40]) {
      const answer = await put(size, { payloadHash, decodedLength: String(lie) });
      const code = lie > 5 * 1024 ** 3 ? "EntityTooLarge" : "IncompleteBody";
      expectRefusal(answer, 400, code);
    }
  });

  it.each(["-1", "1e3", "0x10", "1.5", "many", "99999999999999999999"])(
    "that is no number (%s) is refused",
    async (decodedLength) => {
      expectRefusal(await put(size, { decodedLength }), 400, "InvalidArgument");
    },
  );

  it("that is missing is refused", async () => {
    expectRefusal(await put(size, { decodedLength: "" }), 411, "MissingContentLength");
  });
});

describe.each(SIZES)("attack class 1: trailers after %i bytes", (size) => {
  const announced = "x-amz-checksum-crc32";

  it.each([SIGNED_TRAILER, UNSIGNED_TRAILER])("with a wrong checksum are refused with %s", async (payloadHash) => {
    expectRefusal(await put(size, { payloadHash, announced, trailers: WRONG_CRC }), 400, "BadDigest");
  });

  it.each([SIGNED_TRAILER, UNSIGNED_TRAILER])(
    "that were announced and are missing are refused with %s",
    async (payloadHash) => {
      expectRefusal(await put(size, { payloadHash, announced }), 400, "MalformedTrailerError");
    },
  );

  it.each([SIGNED_TRAILER, UNSIGNED_TRAILER])("that were not announced are refused with %s", async (payloadHash) => {
    const trailers = { "x-amz-meta-injected": "1" };
    expectRefusal(await put(size, { payloadHash, trailers }), 400, "MalformedTrailerError");
  });

  it("with a wrong signature are refused", async () => {
    const alter = asText((text) => text.replace(/x-amz-trailer-signature:.{8}/, "x-amz-trailer-signature:00000000"));
    const answer = await put(size, { payloadHash: SIGNED_TRAILER, announced, trailers: WRONG_CRC }, alter);
    expectRefusal(answer, 403, "SignatureDoesNotMatch");
  });

  it("without their signature are refused", async () => {
    const alter = asText((text) => text.replace(/x-amz-trailer-signature:\w+\r\n/, ""));
    const answer = await put(size, { payloadHash: SIGNED_TRAILER, announced, trailers: WRONG_CRC }, alter);
    expectRefusal(answer, 400, "MalformedTrailerError");
  });

  it("of nonsense are refused", async () => {
    const alter = asText((text) => text.replace("x-amz-checksum-crc32:", "nonsense "));
    const answer = await put(size, { payloadHash: UNSIGNED_TRAILER, announced, trailers: WRONG_CRC }, alter);
    expectRefusal(answer, 400, "MalformedTrailerError");
  });
});

describe("attack class 1: an unsigned trailer", () => {
  const rows = s3Operations.filter(({ method }) => method === "PUT" || method === "POST");

  it.each(rows.map((row) => ({ label: nameRow(row), row })))(
    "does not help a bad signature past $label",
    async ({ row }) => {
      const { headers, ...request } = requestRow(row, {
        bucket: BUCKET,
        key: "trailer",
        copySource: `${BUCKET}/${CANARY}`,
      });
      const draft: Draft = {
        ...request,
        payloadHash: UNSIGNED_TRAILER,
        headers: { ...headers, "x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32" },
        body: frameChunks([Buffer.from("hello")], undefined, { "x-amz-checksum-crc32": "NhCmhg==" }).bytes,
      };
      const forged = { ...target.key, secretAccessKey: "a-guess" };
      expectRefusal(await target.sendAs(forged, draft), 403, "SignatureDoesNotMatch");
      const anonymous = { ...draft, headers: { ...draft.headers, "x-amz-content-sha256": UNSIGNED_TRAILER } };
      // PostObject asks who signed its form, and this is none.
      const [status, code] =
        row.access === anyone ? ([412, "PreconditionFailed"] as const) : ([403, "AccessDenied"] as const);
      expectRefusal(await target.sendAnonymous(anonymous), status, code);
    },
  );
});
