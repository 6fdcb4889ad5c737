import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { askFunctionEvents } from "../../../src/metadata/function/events-client.ts";
import type {
  AcceptedEvent,
  EventsMessage,
  Exchange,
  LeasedEvent,
  Settlement,
} from "../../../src/metadata/function/events-protocol.ts";

/** Of no other file: its messages may still be on the queue, and would bring runners here. */
export const TARGET = { accountId: "123456789012", functionName: "events-only" };
export const LEASE_MS = 8_000;

const queue = env.INVOCATIONS;

/** Puts a queue in place that delivers nothing, so that nobody but the test works at events; answers what it was sent. */
export function catchMessages(): EventsMessage[] {
  const sent: EventsMessage[] = [];
  Reflect.set(env, "INVOCATIONS", {
    sendBatch: (messages: Iterable<{ body: EventsMessage }>) => {
      sent.push(...[...messages].map(({ body }) => body));
      return Promise.resolve();
    },
  });
  return sent;
}

export function restoreQueue(): void {
  Reflect.set(env, "INVOCATIONS", queue);
}

export const event = (id: string, payload: Uint8Array = Buffer.from(`"${id}"`)): AcceptedEvent => ({
  id,
  payload,
  source: "invoke",
});

/** What a runner asks that has just been woken. */
export function exchange(call: Partial<Exchange> = {}): Promise<readonly LeasedEvent[]> {
  return askFunctionEvents(env, TARGET, (events) =>
    events.exchange({
      target: TARGET,
      runnerId: "runner",
      arriving: true,
      settled: [],
      want: 10,
      leaseMs: LEASE_MS,
      running: 0,
      ...call,
    }),
  );
}

export const settle = (...settled: Settlement[]) => exchange({ settled, want: 0, arriving: false });

const stub = () => env.FUNCTION_EVENTS.getByName(`${TARGET.accountId}:${TARGET.functionName}`);

/** Lets so many milliseconds pass for all that waits or is leased. */
export function passTime(milliseconds: number): Promise<void> {
  return runInDurableObject(stub(), (_, state) => {
    state.storage.sql.exec("UPDATE agenda SET due = due - ?", milliseconds);
  });
}

/** Rings, if an alarm is set. */
export const ring = () => runDurableObjectAlarm(stub());

export const readAlarm = () => runInDurableObject(stub(), (_, state) => state.storage.getAlarm());

/** Of the payload's table the rows, by event. */
export function countParts(): Promise<Record<string, number>> {
  return runInDurableObject(stub(), (_, state) => {
    const rows = state.storage.sql.exec<{ id: string; parts: number }>(
      "SELECT id, count(*) AS parts FROM accepted GROUP BY id",
    );
    return Object.fromEntries(rows.toArray().map(({ id, parts }) => [id, parts]));
  });
}
