import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { askLogIndex } from "../../../src/metadata/logs/client.ts";
import { createSegments } from "../../../src/metadata/logs/new-segments.ts";
import type { LogEvent, LogIndexApi, SourceQuery } from "../../../src/metadata/logs/protocol.ts";
import { type Position, readEvents, type StoredEvent } from "../../../src/metadata/logs/reader.ts";

const ACCOUNT = "123456789012";
const DAY = 86_400_000;
const NOW = Date.now();
afterEach(() => reset());

const ask = <Answer>(question: (index: LogIndexApi) => Promise<Answer>) => askLogIndex(env, ACCOUNT, question);
const stub = () => env.LOG_INDEX.getByName(ACCOUNT);

/** As an isolate does with the lines of a function. */
async function append(stream: string, events: readonly LogEvent[], group = "g") {
  const segments = createSegments({ group, stream, events }, Date.now());
  await ask((index) => index.append(segments, true));
  return segments;
}

async function read(query: Partial<SourceQuery> = {}, after?: Position): Promise<StoredEvent[]> {
  const all = { group: "g", from: 0, to: Number.MAX_SAFE_INTEGER, order: "forward", ...query } as const;
  const found = await readEvents(env, ACCOUNT, all, after);
  if (typeof found === "string") throw new Error(found);
  const events: StoredEvent[] = [];
  for await (const event of found.events) events.push(event);
  return events;
}

const messages = async (...input: Parameters<typeof read>) => (await read(...input)).map(({ message }) => message);
const countRows = (table: string) =>
  runInDurableObject(stub(), (_, state) => [...state.storage.sql.exec(`SELECT 1 FROM ${table}`)].length);
const listPacks = async () => (await env.BLOBS.list({ prefix: "l/" })).objects.length;

/** Enough to fill some packs: each event 50 KB, a millisecond after the other, and `count` of them in `streams`. */
async function fill(count: number, streams = 1): Promise<string[]> {
  const names = Array.from({ length: count }, (_, index) => `event ${String(index).padStart(3, "0")}`);
  for (const [index, name] of names.entries()) {
    await append(`s${index % streams}`, [[NOW + index, name.padEnd(50_000, ".")]]);
  }
  return names;
}

async function runAlarms(): Promise<void> {
  for (let runs = 0; runs < 20; runs++) if (!(await runDurableObjectAlarm(stub()))) return;
}

const nameOf = ({ message }: StoredEvent) => message.slice(0, "event 000".length);

describe("events", () => {
  it("of all streams come in the order of their times, whenever they arrived", async () => {
    await append("a", [
      [NOW + 1, "1"],
      [NOW + 5, "5"],
    ]);
    await append("b", [
      [NOW + 3, "3"],
      [NOW + 4, "4"],
    ]);
    await append("a", [[NOW + 2, "2"]]);
    expect(await messages()).toEqual(["1", "2", "3", "4", "5"]);
    expect(await messages({ order: "backward" })).toEqual(["5", "4", "3", "2", "1"]);
    expect(await messages({ streams: ["a"] })).toEqual(["1", "2", "5"]);
    expect(await messages({ streamPrefix: "b" })).toEqual(["3", "4"]);
    expect(await messages({ from: NOW + 2, to: NOW + 5 })).toEqual(["2", "3", "4"]);
  });

  it("of the same millisecond come as they arrived, and none twice or never behind a position", async () => {
    const expected = Array.from({ length: 30 }, (_, index) => String(index));
    for (const first of [0, 10, 20]) {
      await append(
        "a",
        expected.slice(first, first + 10).map((name): LogEvent => [NOW, name]),
      );
    }
    expect(await messages()).toEqual(expected);
    const events = await read();
    for (const [index, event] of events.entries()) {
      expect(await messages({}, event)).toEqual(expected.slice(index + 1));
      expect(await messages({ order: "backward" }, event)).toEqual(expected.slice(0, index).toReversed());
    }
  });

  it("are stored once, however often they are sent", async () => {
    const segments = await append("a", [[NOW, "once"]]);
    await ask((index) => index.append(segments, true));
    expect(await messages()).toEqual(["once"]);
  });

  it("cost one row for a stream that is known", async () => {
    await append("a", [[NOW, "x"]]);
    const segments = createSegments({ group: "g", stream: "a", events: [[NOW, "y"]] }, NOW);
    let written = 0;
    await runInDurableObject(stub(), (instance, { storage: { sql } }) => {
      const prototype = Object.getPrototypeOf(sql) as SqlStorage;
      const exec = Reflect.get(prototype, "exec");
      prototype.exec = function count(this: SqlStorage, ...parameters: Parameters<SqlStorage["exec"]>) {
        const cursor = exec.apply(this, parameters);
        written += cursor.rowsWritten;
        return cursor;
      } as SqlStorage["exec"];
      instance.append(segments, true);
      prototype.exec = exec;
    });
    expect(written).toBe(1);
  });

  it("go nowhere without a group and stream, unless these are to be created", async () => {
    const segments = createSegments({ group: "g", stream: "a", events: [[NOW, "x"]] }, NOW);
    await ask((index) => index.append(segments, false));
    expect(await ask((index) => index.findGroup("g"))).toBeUndefined();
    await ask((index) => index.createGroup({ name: "g", class: "STANDARD", protected: false, tags: {} }));
    await ask((index) => index.append(segments, false));
    expect(await messages()).toEqual([]);
    expect(await ask((index) => index.findStream("g", "a"))).toEqual({ outcome: "stream-not-found" });
  });
});

describe("packs", () => {
  it("take the place of rows, and change nothing that is read", async () => {
    const names = await fill(60, 3);
    const before = await read();
    expect(before.map(nameOf)).toEqual(names);
    await runAlarms();
    expect(await listPacks()).toBeGreaterThan(1);
    expect(await countRows("recent")).toBeLessThan(25);
    expect(await read()).toEqual(before);
    expect((await read({ order: "backward" })).map(nameOf)).toEqual(names.toReversed());
    expect((await read({ streams: ["s1"] })).map(nameOf)).toEqual(names.filter((_, index) => index % 3 === 1));
    expect((await read({}, before[29])).map(nameOf)).toEqual(names.slice(30));
    // Late events stand among those that are packed.
    await append("s0", [[NOW + 10, "late"]]);
    expect((await messages({ from: NOW + 10, to: NOW + 11 })).map((text) => text.slice(0, 9))).toEqual([
      "event 010",
      "late",
    ]);
    const streams = await ask((index) =>
      index.listStreams({ group: "g", prefix: "", orderBy: "LastEventTime", descending: true, limit: 10 }),
    );
    expect(streams?.items.map(({ name, lastEventAt }) => [name, lastEventAt])).toEqual([
      ["s2", NOW + 59],
      ["s1", NOW + 58],
      ["s0", NOW + 57],
    ]);
  });

  it("that a crash left behind are deleted", async () => {
    await fill(30);
    await runInDurableObject(stub(), (_, state) => {
      state.storage.sql.exec("INSERT INTO garbage (key) VALUES ('left/behind')");
    });
    await env.BLOBS.put("l/left/behind", "x");
    await runAlarms();
    expect(await env.BLOBS.head("l/left/behind")).toBeNull();
    expect(await countRows("garbage")).toBe(0);
    expect((await read()).length).toBe(30);
  });

  it("go with their group", async () => {
    await fill(30);
    await runAlarms();
    expect(await listPacks()).toBe(1);
    expect(await ask((index) => index.deleteGroup("g"))).toBe("ok");
    await runAlarms();
    expect(await listPacks()).toBe(0);
    for (const table of ["groups", "streams", "recent", "packs", "garbage"]) expect(await countRows(table)).toBe(0);
  });

  it("hide what belonged to a former stream of the same name", async () => {
    await fill(30);
    await runAlarms();
    await ask((index) => index.deleteStream("g", "s0"));
    await expect(read({ streams: ["s0"] })).rejects.toThrow("stream-not-found");
    await append("s0", [[NOW + 1, "of the new one"]]);
    expect(await messages()).toEqual(["of the new one"]);
  });
});

describe("retention", () => {
  it("hides what is older at once, and the alarm deletes it with its stream", async () => {
    await append("old", [[NOW - 3 * DAY, "old"]]);
    await append("new", [[NOW, "new"]]);
    expect(await messages()).toEqual(["old", "new"]);
    await ask((index) => index.changeGroup("g", { retentionDays: 1 }));
    expect(await messages()).toEqual(["new"]);
    // As if the stream had been made when its event was.
    await runInDurableObject(stub(), (_, state) => {
      state.storage.sql.exec("UPDATE streams SET created_at = ? WHERE name = 'old'", NOW - 3 * DAY);
    });
    expect(await runDurableObjectAlarm(stub())).toBe(true);
    expect(await countRows("recent")).toBe(1);
    expect(await countRows("streams")).toBe(1);
    await ask((index) => index.changeGroup("g", { retentionDays: null }));
    expect(await messages()).toEqual(["new"]);
  });

  it("deletes packs", async () => {
    for (let index = 0; index < 30; index++) {
      await append("old", [[NOW - 3 * DAY + index, "x".repeat(50_000)]]);
    }
    await runAlarms();
    expect(await listPacks()).toBe(1);
    await ask((index) => index.changeGroup("g", { retentionDays: 1 }));
    await runDurableObjectAlarm(stub());
    expect(await listPacks()).toBe(0);
    expect(await countRows("packs")).toBe(0);
  });
});
