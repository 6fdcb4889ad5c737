import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, it, type MockInstance, vi } from "vitest";
import type { Env } from "../../../src/env.ts";
import { takeDueSteps } from "../../../src/metadata/bucket/inventory.ts";
import { createIndex, type Fixture } from "../bucket/index-fixture.ts";
import { deliver, recordQueue } from "./job-fixture.ts";

const DAY = 24 * 3600_000;
const REPORT = JSON.stringify([
  ["Id", "r"],
  ["IsEnabled", "true"],
  ["IncludedObjectVersions", "Current"],
  ["Schedule", [["Frequency", "Daily"]]],
  ["Destination", [["S3BucketDestination", [["Bucket", "arn:aws:s3:::nowhere"]]]]],
]);

// A failing job says so on the console, and so does a report without a destination.
let logged: MockInstance[];
beforeEach(() => {
  logged = [vi.spyOn(console, "error").mockReturnValue(), vi.spyOn(console, "warn").mockReturnValue()];
});
afterEach(async () => {
  for (const method of logged) method.mockRestore();
  await reset();
});

/** An index object on which a report is due; answers the steps that wait for somebody. */
async function beginReport(): Promise<{ index: Fixture; listSteps: (at: number) => Promise<unknown> }> {
  const index = await createIndex();
  const documents = { numbered: { inventory: { r: REPORT } } };
  await index.stub.applyConfig({ ...index.config, revision: 2, documents });
  const listSteps = (now: number) =>
    runInDurableObject(index.stub, (_, { storage: { sql } }) =>
      takeDueSteps(sql, documents, { now, dayMs: DAY, name: "" }),
    );
  expect(await listSteps(Date.now() + DAY)).toHaveLength(1);
  return { index, listSteps };
}

/** The bindings, with index objects that take claims and nothing else. */
function breakAfterClaim(env: Env): Env {
  const fail = () => Promise.reject(new Error("the connection is lost"));
  const breakStub = (stub: object) =>
    new Proxy(stub, {
      get: (target, name) => (name === "claimInventory" ? (call: unknown) => Reflect.get(target, name)(call) : fail),
    });
  const BUCKET_INDEX = new Proxy(env.BUCKET_INDEX, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        const answer: unknown = Reflect.apply(value, target, given);
        return name === "get" ? breakStub(answer as object) : answer;
      };
    },
  });
  return { ...env, BUCKET_INDEX };
}

it("takes the step again that its first delivery could not give back", async () => {
  const { index, listSteps } = await beginReport();
  const { env } = recordQueue();
  const message = { kind: "write-inventory", bucketId: index.config.bucketId, id: "r", step: 0 };
  expect((await deliver(breakAfterClaim(env), [message])).retryMessages).toHaveLength(1);
  // Nobody else may have it meanwhile.
  expect(await listSteps(Date.now())).toEqual([]);
  expect((await deliver(env, [message], 2)).explicitAcks).toEqual(["0"]);
  // There is no such destination: the report is given up, and not begun again on that day.
  expect(await listSteps(Date.now() + DAY)).toEqual([]);
});
