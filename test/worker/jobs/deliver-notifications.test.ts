import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { deliverNotifications } from "../../../src/jobs/deliver-notifications.ts";
import type { OutgoingEvent } from "../../../src/metadata/bucket/events.ts";
import type { BucketConfig } from "../../../src/metadata/bucket/protocol.ts";
import { functionRegistryOf } from "../../../src/metadata/function/client.ts";
import { functionDirectoryOf } from "../../../src/metadata/function/directory.ts";
import type { PolicyStatement } from "../../../src/metadata/function/protocol.ts";
import { createFunction } from "../function/function-fixture.ts";

const ACCOUNT = "123456789012";
const ARN = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:f`;
const BUCKET: BucketConfig = {
  bucketId: "id",
  revision: 2,
  name: "photos",
  accountId: ACCOUNT,
  region: "us-east-1",
  createdAt: 0,
  shards: 1,
};
const EVENTS: OutgoingEvent[] = [
  { id: "id/0/7/0", payload: '{"Records":[1]}', traceHeader: "Root=1-0-0" },
  { id: "id/0/8/0", payload: '{"Records":[2]}' },
];

let warned: MockInstance<typeof console.warn>;
beforeEach(async () => {
  warned = vi.spyOn(console, "warn").mockReturnValue();
  await createFunction(ACCOUNT);
});
afterEach(async () => {
  vi.restoreAllMocks();
  functionDirectoryOf(env).forgetAll();
  await reset();
});

/** Lets S3 invoke the function for the bucket, or for what the condition says. */
async function allow(condition: PolicyStatement["Condition"]): Promise<void> {
  await functionRegistryOf(env, ACCOUNT).addStatement("f", "", {
    Sid: "s3",
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "lambda:InvokeFunction",
    Resource: ARN,
    ...(condition && { Condition: condition }),
  });
}
const forBucket = { ArnLike: { "AWS:SourceArn": "arn:aws:s3:::photos" } };

interface Accepted {
  readonly id: string;
  readonly head: Record<string, unknown>;
  readonly payload: string;
}

/** What the function's queue has accepted. */
function readAccepted(): Promise<Accepted[]> {
  return runInDurableObject(env.FUNCTION_EVENTS.getByName(`${ACCOUNT}:f`), (_, { storage: { sql } }) =>
    sql
      .exec<{ id: string; head: string; bytes: ArrayBuffer }>("SELECT id, head, bytes FROM accepted ORDER BY bytes")
      .toArray()
      .map(({ id, head, bytes }) => ({
        id,
        head: JSON.parse(head) as Record<string, unknown>,
        payload: new TextDecoder().decode(bytes),
      })),
  );
}

describe("events for a function", () => {
  it("become asynchronous invocations, once however often they are sent", async () => {
    await allow(forBucket);
    await deliverNotifications(env, BUCKET, ARN, EVENTS);
    await deliverNotifications(env, BUCKET, ARN, EVENTS);
    const accepted = await readAccepted();
    expect(accepted.map(({ payload }) => payload)).toEqual(EVENTS.map(({ payload }) => payload));
    expect(accepted[0]!.head).toMatchObject({ source: "s3", traceHeader: "Root=1-0-0" });
    for (const { id } of accepted)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(warned).not.toHaveBeenCalled();
  });

  it.each([
    ["the permission is for another bucket", () => allow({ ArnLike: { "AWS:SourceArn": "arn:aws:s3:::other" } }), ARN],
    [
      "the permission is for another owner",
      () => allow({ StringEquals: { "AWS:SourceAccount": "999999999999" } }),
      ARN,
    ],
    ["there is no permission", async () => undefined, ARN],
    ["there is no such version", () => allow(forBucket), `${ARN}:7`],
    ["there is no such function", () => allow(forBucket), ARN.replace(/f$/, "g")],
    ["nothing is known of such destinations", () => allow(forBucket), `arn:aws:sns:us-east-1:${ACCOUNT}:news`],
  ])("are dropped with a line in the log where %s", async (_, prepare, destination) => {
    await prepare();
    await deliverNotifications(env, BUCKET, destination, EVENTS);
    expect(await readAccepted()).toEqual([]);
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining(`2 events of bucket photos were dropped: ${destination}`),
    );
  });

  it("are delivered by a permission that was given a moment ago, whatever the isolate remembers", async () => {
    await deliverNotifications(env, BUCKET, ARN, EVENTS);
    await allow(forBucket);
    await deliverNotifications(env, BUCKET, ARN, EVENTS);
    expect(await readAccepted()).toHaveLength(2);
  });
});
