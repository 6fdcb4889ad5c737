import { createHash, randomBytes } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

// Bodies come from memory, from the location's cache or from R2, but only after the index has named them: what
// clients see of one key is one order of writes, in real time.

const SIZES = [
  ["inline", 1_000],
  ["a blob that the caches keep", 100_000],
] as const;
const WRITERS = 4;
const WRITES_A_WRITER = 25;
const READERS = 8;
const RACERS = 16;
const RACES = 12;

let verge: Verge;
let client: S3Client;
let bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  bucket = await makeBucket(client);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** A write or a read of the key, by ticks of one clock that moves with every start and every answer. */
interface Span {
  readonly begin: number;
  readonly end: number;
}
/** What a read saw: the write whose bytes it got. */
interface Read extends Span {
  readonly etag: string;
}

class History {
  readonly writes = new Map<string, Span>();
  readonly reads: Read[] = [];
  #clock = 0;

  async write(body: Uint8Array, send: () => Promise<unknown>): Promise<void> {
    const begin = (this.#clock += 1);
    // Known before its answer: a read may see it by then.
    this.writes.set(etagOf(body), { begin, end: Number.POSITIVE_INFINITY });
    await send();
    this.writes.set(etagOf(body), { begin, end: (this.#clock += 1) });
  }

  async read(receive: () => Promise<Uint8Array>): Promise<void> {
    const begin = (this.#clock += 1);
    const etag = etagOf(await receive());
    this.reads.push({ begin, etag, end: (this.#clock += 1) });
  }

  /** Reads of bytes that another write had replaced before the read began. */
  findStale(): Read[] {
    return this.reads.filter((read) => {
      const seen = this.writes.get(read.etag);
      if (!seen) return true;
      return [...this.writes.values()].some((later) => later.begin > seen.end && later.end < read.begin);
    });
  }
}

const etagOf = (body: Uint8Array) => `"${createHash("md5").update(body).digest("hex")}"`;

async function get(Key: string): Promise<{ etag: string | undefined; body: Uint8Array }> {
  const { ETag, Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
  return { etag: ETag, body: (await Body?.transformToByteArray()) ?? new Uint8Array() };
}

/** How a write ended: `ok`, or S3's code. */
function outcomeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "ok",
    (error: Error) => error.name,
  );
}

describe.each(SIZES)("one key, %s", (_, size) => {
  test("a GET that begins after a PUT was acknowledged never returns older bytes, and its ETag is theirs", async () => {
    const Key = `overwritten-${size}`;
    const history = new History();
    const mixedUp: string[] = [];
    let writing = true;
    const put = () => {
      const Body = randomBytes(size);
      return history.write(Body, () => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body })));
    };
    const readOn = async () => {
      while (writing) {
        await history.read(async () => {
          const { etag, body } = await get(Key);
          if (etag !== etagOf(body)) mixedUp.push(`${etag} with the bytes of ${etagOf(body)}`);
          return body;
        });
      }
    };
    const writeOn = async () => {
      for (let count = 0; count < WRITES_A_WRITER; count++) await put();
    };
    await put();
    const readers = Array.from({ length: READERS }, readOn);
    await Promise.all(Array.from({ length: WRITERS }, writeOn));
    // Nobody writes any more: reads of hot bytes count as well.
    await new Promise((resolve) => setTimeout(resolve, 200));
    writing = false;
    await Promise.all(readers);
    expect(history.reads.length).toBeGreaterThan(50);
    expect(mixedUp).toEqual([]);
    expect(history.findStale()).toEqual([]);
  });

  test("of 16 clients that replace what they have read (If-Match), exactly one wins each round", async () => {
    const Key = `if-match-${size}`;
    await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: randomBytes(size) }));
    for (let round = 0; round < RACES; round++) {
      const { etag } = await get(Key);
      const bodies = Array.from({ length: RACERS }, () => randomBytes(size));
      const outcomes = await Promise.all(
        bodies.map((Body) =>
          outcomeOf(client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfMatch: etag }))),
        ),
      );
      expectOneWinner(outcomes);
      expect(etagOf((await get(Key)).body)).toBe(etagOf(bodies[outcomes.indexOf("ok")]!));
    }
  });

  test("of 16 clients that create a key (If-None-Match: *), exactly one wins each round", async () => {
    for (let round = 0; round < RACES; round++) {
      const Key = `if-none-match-${size}-${round}`;
      const bodies = Array.from({ length: RACERS }, () => randomBytes(size));
      const outcomes = await Promise.all(
        bodies.map((Body) =>
          outcomeOf(client.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfNoneMatch: "*" }))),
        ),
      );
      expectOneWinner(outcomes);
      expect(etagOf((await get(Key)).body)).toBe(etagOf(bodies[outcomes.indexOf("ok")]!));
    }
  });
});

test("of a PutObject and the completions of multipart uploads that all create a key, exactly one wins", async () => {
  for (let round = 0; round < 4; round++) {
    const object = { Bucket: bucket, Key: `mixed-${round}` };
    const completions = Array.from({ length: 6 }, async () => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
      const { ETag } = await client.send(
        new UploadPartCommand({ ...object, UploadId, PartNumber: 1, Body: randomBytes(100) }),
      );
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      return new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload, IfNoneMatch: "*" });
    });
    const prepared = await Promise.all(completions);
    const put = new PutObjectCommand({ ...object, Body: randomBytes(100), IfNoneMatch: "*" });
    const calls = [client.send(put), ...prepared.map((complete) => client.send(complete))];
    expectOneWinner(await Promise.all(calls.map(outcomeOf)));
  }
});

function expectOneWinner(outcomes: readonly string[]): void {
  expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === "PreconditionFailed")).toHaveLength(outcomes.length - 1);
}
