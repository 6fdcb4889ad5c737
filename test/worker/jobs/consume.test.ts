import { reset } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import { writeInventory } from "../../../src/gateway/inventory/write-inventory.ts";
import { consume } from "../../../src/jobs/consume.ts";
import type { JobMessage } from "../../../src/jobs/messages.ts";
import { deliver, recordQueue } from "./job-fixture.ts";

// A failing job says so on the console.
let logged: MockInstance;
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockReturnValue();
});
afterEach(async () => {
  logged.mockRestore();
  await reset();
});

const HARMLESS = { kind: "rebuild-index", bucketId: "never-begun", shard: 0, step: 0 };
const UNKNOWN = { kind: "made-up" };

it("acknowledges each message by itself, whatever becomes of its neighbours", async () => {
  const { env } = recordQueue();
  const result = await deliver(env, [HARMLESS, UNKNOWN, HARMLESS, null, { kind: "toString" }]);
  expect(result.explicitAcks).toEqual(["0", "2"]);
  expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(["1", "3", "4"]);
  expect(result.retryBatch.retry).toBe(false);
});

it("tries a failing message again later each time, and names it", async () => {
  const { env } = recordQueue();
  const delays: (number | undefined)[] = [];
  for (const attempts of [1, 2, 3, 10]) {
    const retry = (options?: QueueRetryOptions) => delays.push(options?.delaySeconds);
    const message = { id: "1", timestamp: new Date(), attempts, body: UNKNOWN, retry, ack: () => {} };
    const batch = { queue: "verge-background", messages: [message] };
    await consume(batch as unknown as MessageBatch<JobMessage>, env, { "write-inventory": writeInventory });
  }
  expect(delays).toEqual([5, 10, 20, 900]);
  expect(logged.mock.calls.join()).toContain("no job of kind made-up");
});

it("tries a job again that fails halfway", async () => {
  const { env } = recordQueue();
  const message = { kind: "sweep-orphans", bucketId: "b", shards: 1, shard: 0, deleted: false };
  const broken = { ...env, BLOBS: { list: () => Promise.reject(new Error("R2 is down")) } as unknown as R2Bucket };
  expect((await deliver(broken, [message])).retryMessages).toHaveLength(1);
  expect((await deliver(env, [message])).explicitAcks).toEqual(["0"]);
});
