import { reset, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { queueOf } from "../../../src/metadata/queue/client.ts";
import { formatQueueArn } from "../../../src/metadata/queue/settings.ts";
import { newMessage } from "./new-message.ts";

const accountId = "123456789012";
const addressOf = (name: string) => ({ accountId, name });
const queue = (name: string) => queueOf(env, addressOf(name));
afterEach(() => reset());

/** A queue that gives a message up which was received once. */
const create = (name: string, target: string) =>
  queue(name).create(
    addressOf(name),
    {
      VisibilityTimeout: "0",
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: formatQueueArn("us-east-1", addressOf(target)),
        maxReceiveCount: 1,
      }),
    },
    {},
  );
const receive = async (name: string, limit = 10) => (await queue(name).receive({ limit, waitSeconds: 0 }))!;

/** Receives all, so that each message is given up, and hands them over. */
async function giveUp(name: string): Promise<void> {
  while ((await receive(name)).length > 0);
  await runDurableObjectAlarm(env.QUEUES.getByName(`${accountId}:${name}`));
}

describe("messages that are given up", () => {
  it("reach the dead-letter queue when they are more than one call takes", async () => {
    await create("source", "dead");
    await queue("dead").create(addressOf("dead"), {}, {});
    const count = 36;
    for (let n = 0; n < count; n++) await queue("source").send([newMessage("x".repeat(1_000_000))]);
    await giveUp("source");
    expect(await queue("source").describe()).toMatchObject({ visible: 0, inFlight: 0 });
    expect(await queue("dead").describe()).toMatchObject({ visible: count });
  });

  it("stay when queues hand them to each other again and again", async () => {
    await create("left", "right");
    await create("right", "left");
    await queue("left").send([newMessage("a")]);
    for (const name of ["left", "right", "left"]) await giveUp(name);
    expect((await receive("right")).map(({ body }) => body)).toEqual(["a"]);
  });
});
