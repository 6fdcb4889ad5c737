import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { askAuditTrail } from "../../../src/metadata/trail/client.ts";
import type { AuditTrailApi, TrailEvent, TrailQuery } from "../../../src/metadata/trail/protocol.ts";

const ACCOUNT = "123456789012";
const DAY = 86_400_000;
const NOW = Date.now();
const LIMITS = { days: 90, events: 100 };
const ALL: TrailQuery = { from: 0, to: Number.MAX_SAFE_INTEGER, limit: 1_000 };
afterEach(() => reset());

const ask = <Answer>(question: (trail: AuditTrailApi) => Promise<Answer>) => askAuditTrail(env, ACCOUNT, question);

function makeEvent(values: Partial<TrailEvent> = {}): TrailEvent {
  return {
    eventId: crypto.randomUUID(),
    time: NOW,
    kind: "change",
    name: "CreateBucket",
    source: "s3.amazonaws.com",
    readOnly: false,
    username: "root",
    accessKeyId: "KEY",
    resources: [],
    record: "{}",
    ...values,
  };
}

const makeEvents = (count: number, values: (index: number) => Partial<TrailEvent>) =>
  Array.from({ length: count }, (_, index) => makeEvent(values(index)));
const names = async (query: Partial<TrailQuery> = {}) =>
  (await ask((trail) => trail.lookup({ ...ALL, ...query }))).events.map(({ name }) => name);

it("stores an event once, however often it arrives", async () => {
  const event = makeEvent();
  for (let time = 0; time < 3; time++) await ask((trail) => trail.append([event, event], LIMITS));
  expect(await names()).toEqual(["CreateBucket"]);
  const kept = await runInDurableObject(env.AUDIT_TRAILS.getByName(ACCOUNT), (_, { storage }) =>
    storage.sql.exec("SELECT * FROM kept").toArray(),
  );
  expect(kept).toEqual([{ kind: "change", events: 1 }]);
});

it("a flood of denied calls drives out denied calls alone, the oldest first", async () => {
  await ask((trail) =>
    trail.append(
      makeEvents(60, (index) => ({ name: `change-${index}`, time: NOW - DAY })),
      LIMITS,
    ),
  );
  for (let batch = 0; batch < 6; batch++) {
    const flood = makeEvents(50, (index) => ({ kind: "denied", name: "denied", time: NOW + batch * 50 + index }));
    await ask((trail) => trail.append(flood, LIMITS));
  }
  const found = await names();
  expect(found.filter((name) => name.startsWith("change"))).toHaveLength(60);
  const denied = found.filter((name) => name === "denied").length;
  expect(denied).toBeGreaterThanOrEqual(95);
  expect(denied).toBeLessThanOrEqual(100);
  const [newest] = (await ask((trail) => trail.lookup({ ...ALL, limit: 1 }))).events;
  expect(newest!.time).toBe(NOW + 299);
});

it("forgets what is older than it keeps, with its record", async () => {
  await ask((trail) => trail.append([makeEvent({ name: "old", time: NOW - 91 * DAY })], { ...LIMITS, days: 100 }));
  expect(await names()).toEqual(["old"]);
  await ask((trail) => trail.append([makeEvent({ name: "new" })], LIMITS));
  expect(await names()).toEqual(["new"]);
  const records = await runInDurableObject(env.AUDIT_TRAILS.getByName(ACCOUNT), (_, { storage }) =>
    storage.sql.exec("SELECT COUNT(*) AS count FROM records").one(),
  );
  expect(records).toEqual({ count: 1 });
});

it("pages through events of one moment without losing or repeating any", async () => {
  await ask((trail) =>
    trail.append(
      makeEvents(25, (index) => ({ name: `e${index}`, time: NOW - (index % 3) })),
      LIMITS,
    ),
  );
  const seen: string[] = [];
  let after: TrailQuery["after"];
  for (let more = true; more;) {
    const page = await ask((trail) => trail.lookup({ ...ALL, limit: 4, ...(after && { after }) }));
    seen.push(...page.events.map(({ name }) => name));
    after = page.events.at(-1);
    more = page.more;
  }
  expect(new Set(seen).size).toBe(25);
  expect(seen).toEqual(await names());
});
