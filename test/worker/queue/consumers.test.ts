import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { queueOf } from "../../../src/metadata/queue/client.ts";
import type { ConsumerMessage, QueueAttributes } from "../../../src/metadata/queue/protocol.ts";
import { newMessage } from "./new-message.ts";

const ADDRESS = { accountId: "123456789012", name: "queue" };
const CONSUMER = { id: "mapping", accountId: ADDRESS.accountId };
const queue = () => queueOf(env, ADDRESS);
const stub = () => env.QUEUES.getByName(`${ADDRESS.accountId}:${ADDRESS.name}`);
const invocations = env.INVOCATIONS;

/** Who was sent for; nobody comes but the test. */
let woken: ConsumerMessage[];
beforeEach(() => {
  woken = [];
  Reflect.set(env, "INVOCATIONS", {
    send: (message: ConsumerMessage) => {
      woken.push(message);
      return Promise.resolve();
    },
  });
});
afterEach(async () => {
  Reflect.set(env, "INVOCATIONS", invocations);
  await reset();
});

const create = (attributes: QueueAttributes = {}) => queue().create(ADDRESS, attributes, {});
const FIFO = { FifoQueue: "true", ContentBasedDeduplication: "true" };

const poll = (limit = 10) => queue().poll(CONSUMER.id, { limit, waitSeconds: 0, returnsWithinMs: 0 });
const receive = async (limit = 1) => (await queue().receive({ limit, waitSeconds: 0 }))!;
const bodiesOf = (messages: readonly { readonly body: string }[]) => messages.map(({ body }) => body);

/** Milliseconds from now until the alarm rings. */
const readAlarm = () =>
  runInDurableObject(stub(), async (_, { storage }) => ((await storage.getAlarm()) ?? Infinity) - Date.now());

describe("the alarm of a queue that a function consumes", () => {
  it("rings when the next message becomes visible", async () => {
    await create();
    await queue().addConsumer(CONSUMER);
    await runDurableObjectAlarm(stub());
    await queue().send([newMessage("later", { delaySeconds: 60 })]);
    expect(await readAlarm()).toBeLessThanOrEqual(60_000);
    await runDurableObjectAlarm(stub());
    expect(await readAlarm()).toBeLessThanOrEqual(60_000);
  });

  it("rests when a consumer was lost and there is nothing to receive", async () => {
    await create();
    await queue().addConsumer(CONSUMER);
    // It counts as lost from now on.
    expect(await poll()).toEqual([]);
    await queue().send([newMessage("later", { delaySeconds: 60 })]);
    await runDurableObjectAlarm(stub());
    expect(await readAlarm()).toBeGreaterThan(10_000);
  });
});

describe("a consumer that has stopped", () => {
  it("is sent for when there is something to receive, and not before", async () => {
    await create(FIFO);
    await queue().send([newMessage("a", {}, "g"), newMessage("b", {}, "g")]);
    const [first] = await receive();
    await queue().addConsumer(CONSUMER);
    await queue().releaseConsumer(CONSUMER.id);
    expect(woken).toEqual([]);
    await queue().deleteMessages([first!.receipt]);
    expect(woken).toEqual([{ consumer: CONSUMER, queue: ADDRESS }]);
  });

  it("is sent for when a message is given back", async () => {
    await create();
    await queue().send([newMessage("a")]);
    const [first] = await receive();
    await queue().addConsumer(CONSUMER);
    await queue().changeVisibility([{ receipt: first!.receipt, seconds: 0 }]);
    expect(woken).toHaveLength(1);
  });

  it("is not sent for because of messages older than the retention", async () => {
    await create({ MessageRetentionPeriod: "60" });
    await queue().send([newMessage("old")]);
    await runInDurableObject(stub(), (_, { storage }) => void storage.sql.exec("UPDATE messages SET sent = 1"));
    await queue().addConsumer(CONSUMER);
    expect(woken).toEqual([]);
    expect(await queue().describe()).toMatchObject({ visible: 0 });
  });
});

describe("the consumers of a queue that is deleted", () => {
  it("consume the one that is made under the same name", async () => {
    await create();
    await queue().addConsumer(CONSUMER);
    await queue().send([newMessage("gone")]);
    await queue().remove();
    woken = [];
    await create();
    await queue().send([newMessage("new")]);
    expect(woken).toEqual([{ consumer: CONSUMER, queue: ADDRESS }]);
    expect(bodiesOf((await poll())!)).toEqual(["new"]);
  });

  it("can be taken away meanwhile, and then nothing of the queue is left", async () => {
    await create();
    await queue().addConsumer(CONSUMER);
    await queue().remove();
    await queue().removeConsumer(CONSUMER.id);
    const tables = await runInDurableObject(stub(), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
    );
    expect(tables).toEqual([]);
    await create();
    await queue().send([newMessage("new")]);
    expect(woken).toEqual([]);
  });
});

describe("a batch", () => {
  it("is no larger than a call between Workers, and holds one message at least", async () => {
    await create();
    await queue().addConsumer(CONSUMER);
    for (let n = 0; n < 12; n++) await queue().send([newMessage("x".repeat(1_000_000))]);
    expect((await poll(100))!.length).toBeLessThan(7);
    expect(await poll(100)).not.toEqual([]);
  });
});

describe("a FIFO group", () => {
  it("is closed while a message of it is in flight, be it a later one", async () => {
    await create(FIFO);
    await queue().send([newMessage("a", {}, "g"), newMessage("b", {}, "g"), newMessage("c", {}, "other")]);
    const [first, second] = await receive(2);
    await queue().changeVisibility([{ receipt: first!.receipt, seconds: 0 }]);
    expect(bodiesOf(await receive(10))).toEqual(["c"]);
    await queue().deleteMessages([second!.receipt]);
    expect(bodiesOf(await receive(10))).toEqual(["a"]);
  });
});
