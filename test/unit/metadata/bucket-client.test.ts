import { describe, expect, it } from "vitest";
import {
  BucketBusyError,
  BucketClient,
  BucketGoneError,
  BucketReplacedError,
} from "../../../src/metadata/bucket/client.ts";
import type { IndexApi } from "../../../src/metadata/bucket/index-api.ts";
import type { BucketConfig } from "../../../src/metadata/bucket/protocol.ts";

const config: BucketConfig = {
  bucketId: "first",
  revision: 1,
  name: "bucket",
  accountId: "000000000001",
  region: "us-east-1",
  createdAt: 0,
  shards: 1,
};
const successor: BucketConfig = { ...config, bucketId: "second" };

interface Scene {
  /** What the Registry says of the name now. */
  readonly now?: BucketConfig;
  /** Answers of the index objects by `bucketId/shard`, one after another; the last one stays. */
  readonly answers: Record<string, string[]>;
}

function makeClient(known: BucketConfig, { now, answers }: Scene) {
  const asked: string[] = [];
  const client = new BucketClient(known, {
    index: (bucketId, shard) => {
      const name = `${bucketId}/${shard}`;
      return {
        listObjects: async () => {
          asked.push(name);
          const left = answers[name] ?? ["gone"];
          return { outcome: left.length > 1 ? left.shift()! : left[0]!, entries: [], truncated: false };
        },
      } as unknown as IndexApi;
    },
    findAgain: async () => now,
    remember: () => {},
    decideAgain: () => {},
    describeCause: () => {
      throw new Error("nobody is notified");
    },
  });
  const list = () =>
    client.readAll((index, call) => index.listObjects({ ...call, prefix: "", delimiter: "", after: "", limit: 1 }));
  const read = () =>
    client.read("key", (index, call) => index.listObjects({ ...call, prefix: "", delimiter: "", after: "", limit: 1 }));
  return { list, read, asked };
}

describe("a bucket that is not there", () => {
  it("is gone when nobody has the name", async () => {
    await expect(makeClient(config, { answers: {} }).read()).rejects.toThrow(BucketGoneError);
  });

  it("is busy, not gone, when the Registry knows it and its index does not: the index was lost", async () => {
    await expect(makeClient(config, { now: config, answers: {} }).read()).rejects.toThrow(BucketBusyError);
  });

  it("is waited for while a deletion is undecided", async () => {
    const { read, asked } = makeClient(config, { now: config, answers: { "first/0": ["busy", "busy", "ok"] } });
    expect((await read()).outcome).toBe("ok");
    expect(asked.length).toBe(3);
  });

  it("is busy when the decision does not come", async () => {
    await expect(makeClient(config, { now: config, answers: { "first/0": ["busy"] } }).read()).rejects.toThrow(
      BucketBusyError,
    );
  });
});

describe("a bucket that was created again", () => {
  it("is read under its new id", async () => {
    const { list, asked } = makeClient(config, { now: successor, answers: { "second/0": ["ok"] } });
    expect(await list()).toHaveLength(1);
    expect(asked).toEqual(["first/0", "second/0"]);
  });

  it("is not listed by the shards that the former one had", async () => {
    for (const [before, after] of [
      [1, 4],
      [4, 1],
    ] as const) {
      const answers = Object.fromEntries([0, 1, 2, 3].map((shard) => [`second/${shard}`, ["ok"]]));
      const { list } = makeClient({ ...config, shards: before }, { now: { ...successor, shards: after }, answers });
      await expect(list()).rejects.toThrow(BucketReplacedError);
    }
  });
});
