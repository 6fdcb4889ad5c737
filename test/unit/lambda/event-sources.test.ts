import { describe, expect, test } from "vitest";
import { consumeQueue } from "../../../src/lambda/event-sources/consume.ts";
import { createEventSourceMapping } from "../../../src/lambda/event-sources/mappings.ts";
import type { EventSourceMapping } from "../../../src/metadata/function/mappings-protocol.ts";
import type { Consumer } from "../../../src/metadata/queue/protocol.ts";

const accountId = "123456789012";
const MAPPING: EventSourceMapping = {
  uuid: "u",
  functionName: "f",
  sourceArn: `arn:aws:sqs:us-east-1:${accountId}:q`,
  batchSize: 10,
  windowSeconds: 0,
  enabled: true,
  reportsFailures: false,
  modifiedAt: 0,
};

/** The consumers that a queue knows. */
function createQueue() {
  const consumers = new Set<string>();
  const queue = {
    find: () => Promise.resolve({ attributes: {} }),
    addConsumer: ({ id }: Consumer) => Promise.resolve(consumers.add(id)),
    removeConsumer: (id: string) => Promise.resolve(consumers.delete(id)),
  };
  return { queue, consumers };
}

/** CreateEventSourceMapping, with a registry that does `createMapping`. */
function create(queue: object, createMapping: (mapping: EventSourceMapping) => Promise<string>) {
  const found = { version: { settings: { timeoutSeconds: 3 } } };
  const registry = { createMapping, findFunction: () => Promise.resolve(found) };
  const body = Buffer.from(JSON.stringify({ EventSourceArn: MAPPING.sourceArn, FunctionName: "f" }));
  const isAllowedToRole = () => Promise.resolve(true);
  const ports = { queue: () => queue, registry: () => registry, isAllowedToRole };
  return createEventSourceMapping({
    body,
    account: { id: accountId },
    region: "us-east-1",
    ports,
  } as never);
}

describe("a mapping", () => {
  test("that is there has a consumer, wherever its creation was cut off", async () => {
    const { queue, consumers } = createQueue();
    const stored: string[] = [];
    const creation = create(queue, async ({ uuid }) => {
      stored.push(uuid);
      throw new Error("the connection was lost");
    });
    await expect(creation).rejects.toThrow("the connection was lost");
    expect([...consumers]).toEqual(stored);
  });

  test("that was refused has none", async () => {
    const { queue, consumers } = createQueue();
    await expect(create(queue, async () => "exists")).rejects.toMatchObject({ code: "ResourceConflictException" });
    expect(consumers.size).toBe(0);
  });

  test.each([
    ["created meanwhile keeps its consumer", [undefined, MAPPING], ["u"]],
    ["switched on meanwhile keeps it", [{ ...MAPPING, enabled: false }, MAPPING], ["u"]],
    ["gone loses it", [undefined, undefined], []],
  ])("that is %s", async (_what, answers, left) => {
    const { queue, consumers } = createQueue();
    consumers.add("u");
    const found = [...answers];
    const context = { queue, findMapping: () => Promise.resolve(found.shift()) };
    await consumeQueue({ id: "u", accountId }, context as never);
    expect([...consumers]).toEqual(left);
  });
});
