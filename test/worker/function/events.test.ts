import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { acceptEvents } from "../../../src/metadata/function/events-client.ts";
import type { AcceptedEvent } from "../../../src/metadata/function/events-protocol.ts";

const TARGET = { accountId: "123456789012", functionName: "f" };
afterEach(() => reset());

const event = (id: string, payload: Uint8Array = Buffer.from(`"${id}"`)): AcceptedEvent => ({
  id,
  payload,
  source: "invoke",
});

/** What the object has written down, by the number of bytes of each event's payload. */
function readPayloads(): Promise<Record<string, number>> {
  const stub = env.FUNCTION_EVENTS.getByName("123456789012:f");
  return runInDurableObject(stub, (_, state) => {
    const rows = state.storage.sql.exec<{ id: string; bytes: number }>(
      "SELECT id, sum(length(bytes)) AS bytes FROM accepted WHERE id IN (SELECT id FROM agenda) GROUP BY id",
    );
    return Object.fromEntries(rows.toArray().map(({ id, bytes }) => [id, bytes]));
  });
}

describe("accepting events", () => {
  it("keeps all of a call, whatever their size", async () => {
    await acceptEvents(env, TARGET, [event("a"), event("b", new Uint8Array()), event("c", Buffer.alloc(7_000_000))]);
    expect(await readPayloads()).toEqual({ a: 3, b: 0, c: 7_000_000 });
  });

  it("takes an event that waits already only once", async () => {
    await acceptEvents(env, TARGET, [event("a"), event("b")]);
    await acceptEvents(env, TARGET, [event("b", Buffer.from("another")), event("c")]);
    expect(await readPayloads()).toEqual({ a: 3, b: 3, c: 3 });
  });
});
