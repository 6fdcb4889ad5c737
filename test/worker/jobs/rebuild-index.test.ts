import { evictDurableObject, reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import type { JobMessage } from "../../../src/jobs/messages.ts";
import { runSchedule } from "../../../src/jobs/schedule.ts";
import { blobKey } from "../../../src/lib/blob-id.ts";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import type { RebuildProgress } from "../../../src/metadata/registry/protocol.ts";
import { encodeOrigin } from "../../../src/storage/blob-origin.ts";
import { listSegments, putSegment, readSegment } from "../../../src/storage/journal-segments.ts";
import { bindings, createIndex, expectOutcome, type Fixture, inline, makeObject } from "../bucket/index-fixture.ts";
import { ringAlarm } from "../bucket/pass-time.ts";
import { createTestAccount } from "../registry/support.ts";
import { deliver, drain, recordQueue } from "./job-fixture.ts";

// The whole of it, over HTTP and with every kind of object, is in test/sdk/rebuild.test.ts. Here: its steps.

let logged: MockInstance;
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(async () => {
  logged.mockRestore();
  await reset();
});

const registry = () => registryOf(bindings);

/** A bucket whose one index object holds what `fill` puts there, exported, and is lost then. */
async function loseIndex(fill: (index: Fixture) => Promise<void>): Promise<Fixture> {
  const { id: accountId } = await createTestAccount();
  const reserved = await registry().reserveBucket({ name: "photos", accountId, region: "us-east-1", shards: 1 });
  if (reserved.outcome !== "created") throw new Error(reserved.outcome);
  await registry().activateBucket("photos", reserved.bucket.bucketId);
  const index = await createIndex(1, 0, reserved.bucket.bucketId);
  await fill(index);
  await ringAlarm(index);
  await runInDurableObject(index.stub, async (_, { storage }) => {
    await storage.deleteAlarm();
    await storage.deleteAll();
  });
  await evictDurableObject(index.stub);
  return index;
}

async function begin({ config }: Fixture): Promise<JobMessage> {
  const counts = { segments: 0, lines: 0, blobsFound: 0, blobsCommitted: 0 };
  const progress: RebuildProgress = { bucketName: "photos", state: "waiting", startedAt: Date.now(), ...counts };
  expect(await registry().beginRebuild(config.bucketId, 0, progress)).toBe(true);
  return { kind: "rebuild-index", bucketId: config.bucketId, shard: 0, step: 0 };
}

async function readProgress({ config }: Fixture): Promise<RebuildProgress | undefined> {
  return (await registry().listRebuilds(config.bucketId))[0]?.progress;
}

/** After a rebuild: as the index says itself when it is asked by the revision of old. */
async function useRebuilt(index: Fixture) {
  const { config } = expectOutcome(await index.get("a"), "stale");
  return { config, get: (key: string) => index.api.getObject({ revision: config.revision, key, withBody: true }) };
}

const putOne = async (index: Fixture) => {
  await index.put("a", { body: inline("exported") });
};

describe("the steps of a rebuild", () => {
  it("restore the index, under a revision that no Worker can have in memory", async () => {
    const index = await loseIndex(putOne);
    const { env, sent } = recordQueue();
    await drain(env, [await begin(index)].concat(sent));
    while (sent.length > 0) await drain(env, sent);
    expect(await readProgress(index)).toMatchObject({ state: "done", segments: 1, blobsFound: 0 });
    const rebuilt = await useRebuilt(index);
    expect(rebuilt.config.revision).toBeGreaterThan(1000);
    expect(expectOutcome(await rebuilt.get("a"), "ok").body).toEqual(inline("exported"));
  });

  it("are taken once, however often their message comes", async () => {
    const index = await loseIndex(putOne);
    const { env, sent } = recordQueue();
    const first = await begin(index);
    await deliver(env, [first, first]);
    expect(sent).toEqual([{ ...first, step: 1 }]);
    const { bucketId } = index.config;
    // Another consumer works on the next step.
    expect(await registry().claimRebuildStep(bucketId, 0, 1)).toMatchObject({ outcome: "ok" });
    await deliver(env, sent);
    expect(sent).toHaveLength(1);
    expect(await readProgress(index)).toMatchObject({ state: "journal", segments: 0 });
    const record = { bucketId, shard: 0, step: 0, finished: true, progress: (await readProgress(index))! };
    expect(await registry().endRebuildStep(record)).toBe(false);
  });

  it("go on after a crash: the schedule sends the message again that was lost", async () => {
    const index = await loseIndex(putOne);
    const { env, sent } = recordQueue();
    await deliver(env, [await begin(index)]);
    await registry().claimRebuildStep(index.config.bucketId, 0, 1);
    sent.length = 0;
    await runSchedule({} as ScheduledController, env);
    expect(sent).toEqual([]);
    await runInDurableObject(bindings.REGISTRY.getByName("registry"), (_, { storage: { sql } }) => {
      sql.exec("UPDATE rebuilds SET touched_at = touched_at - 200000, leased_until = leased_until - 200000");
    });
    await runSchedule({} as ScheduledController, env);
    expect(sent).toMatchObject([{ kind: "rebuild-index", step: 1 }]);
    await drain(env, sent);
    expect(await readProgress(index)).toMatchObject({ state: "done" });
  });

  it("leave an index alone that works", async () => {
    const index = await loseIndex(putOne);
    await index.stub.create(index.config, 0);
    const { env, sent } = recordQueue();
    await deliver(env, [await begin(index)]);
    expect(await readProgress(index)).toMatchObject({ state: "in-service" });
    expect(sent).toEqual([]);
    expectOutcome(await index.put("b"), "ok");
  });
});

it("a journal that cannot be read fails the rebuild in the end, which can be begun again", async () => {
  const index = await loseIndex(putOne);
  const owner = { bucketId: index.config.bucketId, shard: 0 };
  const [segment] = await listSegments(bindings.BLOBS, owner);
  const lines: string[] = [];
  for await (const line of readSegment(bindings.BLOBS, owner, segment!)) lines.push(line);
  await putSegment(bindings.BLOBS, owner, segment!, `${lines[0]}\n{"table":"nonsense","key":[],"rows":[]}\n`);
  const { env, sent } = recordQueue();
  await deliver(env, [await begin(index)]);
  const journal = sent.splice(0);
  for (const attempt of [1, 2, 3, 4]) expect((await deliver(env, journal, attempt)).retryMessages).toHaveLength(1);
  expect((await deliver(env, journal, 5)).explicitAcks).toEqual(["0"]);
  expect(await readProgress(index)).toMatchObject({ state: "failed", complaint: expect.stringContaining("nonsense") });
  expect((await index.get("a")).outcome).not.toBe("ok");

  await putSegment(bindings.BLOBS, owner, segment!, `${lines.join("\n")}\n`);
  await drain(env, [await begin(index)]);
  while (sent.length > 0) await drain(env, sent);
  expect(await readProgress(index)).toMatchObject({ state: "done" });
  expect(expectOutcome(await (await useRebuilt(index)).get("a"), "ok").body).toEqual(inline("exported"));
});

it("of a part that was sent twice since the export the later stays, also when its page comes twice", async () => {
  const { attributes, storageClass, ownerId } = makeObject("m");
  const index = await loseIndex(async (created) => {
    const upload = { key: "m", uploadId: "u", initiatorId: "1", storageClass, attributes };
    expectOutcome(await created.api.createUpload({ ...created.mutation(), upload }), "ok");
  });
  // Milliseconds tell what came before the export.
  await new Promise((resolve) => setTimeout(resolve, 5));
  const blobs = [index.mint(), index.mint()];
  for (const [position, blob] of blobs.entries()) {
    const origin = { key: "m", ownerId, storageClass, uploadId: "u", partNumber: 1 };
    await bindings.BLOBS.put(blobKey(blob), "x".repeat(position + 1), { customMetadata: encodeOrigin(origin) });
  }
  const { env, sent } = recordQueue();
  await deliver(env, [await begin(index)]);
  // The page is applied, and then the consumer dies.
  await deliver(env, sent.splice(0));
  const page = blobs.map((id, position) => ({
    id,
    key: "m",
    uploadId: "u",
    partNumber: 1,
    size: position + 1,
    etag: "e",
    storageClass,
    ownerId,
  }));
  await index.stub.restoreBlobs(page);
  await drain(env, sent);
  expect(await registry().listRebuilds(index.config.bucketId)).toMatchObject([
    { progress: { state: "done", blobsFound: 2 } },
  ]);
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    expect(sql.exec("SELECT blob FROM upload_parts").toArray()).toEqual([{ blob: blobs[1] }]);
    expect(sql.exec("SELECT freed FROM journal WHERE instr(freed, ?)", blobs[1]).toArray()).toEqual([]);
  });
});
