import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  type FilterLogEventsCommandInput,
  GetLogEventsCommand,
  type GetLogEventsCommandInput,
  paginateFilterLogEvents,
  paginateGetLogEvents,
  PutLogEventsCommand,
  PutRetentionPolicyCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogsClient } from "../../support/logs.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";

const DAY = 86_400_000;
let verge: Verge;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  verge = await startVerge();
  logs = createLogsClient(verge);
});
afterAll(() => verge.stop());

let created = 0;
/** A group of its own with these streams. */
async function createGroup(...streams: readonly string[]): Promise<string> {
  const logGroupName = `events-${++created}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of streams) await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  return logGroupName;
}

const put = (logGroupName: string, logStreamName: string, events: readonly (readonly [number, string])[]) =>
  logs.send(
    new PutLogEventsCommand({
      logGroupName,
      logStreamName,
      logEvents: events.map(([timestamp, message]) => ({ timestamp, message })),
    }),
  );
const get = (logGroupName: string, more: Partial<GetLogEventsCommandInput> = {}) =>
  logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s", ...more }));
const messagesOf = (events: readonly { message?: string | undefined }[] | undefined) =>
  (events ?? []).map(({ message }) => message);
const number = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

async function filter(input: Partial<FilterLogEventsCommandInput>): Promise<(string | undefined)[][]> {
  const pages: (string | undefined)[][] = [];
  for await (const { events } of paginateFilterLogEvents({ client: logs }, input)) pages.push(messagesOf(events));
  return pages;
}

describe("GetLogEvents", () => {
  it("pages forwards, and repeats the token at the end", async () => {
    const group = await createGroup("s");
    const now = Date.now();
    const names = number(10);
    await put(
      group,
      "s",
      names.map((name, index) => [now + index, name]),
    );
    const first = await get(group, { startFromHead: true, limit: 4 });
    expect(messagesOf(first.events)).toEqual(names.slice(0, 4));
    expect(first.events?.[0]).toMatchObject({ timestamp: now, ingestionTime: expect.any(Number) });
    const second = await get(group, { nextToken: first.nextForwardToken, limit: 4 });
    const third = await get(group, { nextToken: second.nextForwardToken, limit: 4 });
    expect([...messagesOf(second.events), ...messagesOf(third.events)]).toEqual(names.slice(4));
    const end = await get(group, { nextToken: third.nextForwardToken });
    expect(end).toMatchObject({ events: [], nextForwardToken: third.nextForwardToken });
    expect(third.nextForwardToken).toMatch(/^f\/\d{56}\/s$/);
    // What arrives later is found with that token.
    await put(group, "s", [[now + 20, "later"]]);
    expect(messagesOf((await get(group, { nextToken: end.nextForwardToken })).events)).toEqual(["later"]);
    // And back from there.
    const back = await get(group, { nextToken: second.nextBackwardToken, limit: 3 });
    expect(messagesOf(back.events)).toEqual(["1", "2", "3"]);
  });

  it("begins at the end by default, and pages backwards", async () => {
    const group = await createGroup("s");
    const now = Date.now();
    await put(
      group,
      "s",
      number(7).map((name, index) => [now + index, name]),
    );
    const last = await get(group, { limit: 3 });
    expect(messagesOf(last.events)).toEqual(["4", "5", "6"]);
    const before = await get(group, { nextToken: last.nextBackwardToken, limit: 3 });
    expect(messagesOf(before.events)).toEqual(["1", "2", "3"]);
    const head = await get(group, { nextToken: before.nextBackwardToken, limit: 3 });
    expect(messagesOf(head.events)).toEqual(["0"]);
    expect(await get(group, { nextToken: head.nextBackwardToken })).toMatchObject({
      events: [],
      nextBackwardToken: head.nextBackwardToken,
    });
    expect(messagesOf((await get(group, { startTime: now + 2, endTime: now + 4 })).events)).toEqual(["2", "3"]);
  });

  it("is read whole by the SDK's paginator", async () => {
    const group = await createGroup("s");
    const now = Date.now();
    const names = number(3_000).map((name) => name.padEnd(1_000, "."));
    for (let first = 0; first < names.length; first += 1_000) {
      await put(
        group,
        "s",
        names.slice(first, first + 1_000).map((name, index) => [now + first + index, name]),
      );
    }
    const found: (string | undefined)[] = [];
    const input = { logGroupName: group, logStreamName: "s", startFromHead: true };
    const pages = paginateGetLogEvents({ client: logs, stopOnSameToken: true }, input);
    for await (const { events } of pages) {
      expect(events?.reduce((sum, { message }) => sum + (message?.length ?? 0) + 26, 0)).toBeLessThanOrEqual(1_048_576);
      found.push(...messagesOf(events));
    }
    expect(found).toEqual(names);
  });

  it("answers what is missing or wrong by name", async () => {
    const group = await createGroup("s");
    const notFound = { name: "ResourceNotFoundException" };
    await expect(get("nobody")).rejects.toMatchObject(notFound);
    await expect(get(group, { logStreamName: "t" })).rejects.toMatchObject(notFound);
    await expect(get(group, { nextToken: "f/17/s" })).rejects.toMatchObject({ name: "InvalidParameterException" });
    await expect(get(group, { limit: 10_001 })).rejects.toMatchObject({ name: "InvalidParameterException" });
    expect(await get(group)).toMatchObject({ events: [], nextForwardToken: expect.stringMatching(/^f\//) });
  });
});

describe("FilterLogEvents", () => {
  it("interleaves streams, and pages through what matches", async () => {
    const group = await createGroup("one", "two");
    const now = Date.now();
    await put(group, "one", [
      [now, "ERROR a"],
      [now + 2, "fine"],
      [now + 4, "ERROR c"],
    ]);
    await put(group, "two", [
      [now + 1, "ERROR b"],
      [now + 3, "WARN"],
      [now + 5, '{"level":"error","n":17}'],
    ]);
    expect((await filter({ logGroupName: group })).flat()).toEqual([
      "ERROR a",
      "ERROR b",
      "fine",
      "WARN",
      "ERROR c",
      '{"level":"error","n":17}',
    ]);
    expect(await filter({ logGroupName: group, filterPattern: "ERROR", limit: 2 })).toEqual([
      ["ERROR a", "ERROR b"],
      ["ERROR c"],
    ]);
    expect((await filter({ logGroupName: group, filterPattern: "?WARN ?fine" })).flat()).toEqual(["fine", "WARN"]);
    expect(
      (await filter({ logGroupName: group, filterPattern: "{ $.n > 16 && $.level = error }" })).flat(),
    ).toHaveLength(1);
    expect((await filter({ logGroupName: group, logStreamNames: ["two"], filterPattern: "ERROR" })).flat()).toEqual([
      "ERROR b",
    ]);
    expect((await filter({ logGroupName: group, logStreamNamePrefix: "o" })).flat()).toHaveLength(3);
    expect((await filter({ logGroupName: group, startTime: now + 3, endTime: now + 5 })).flat()).toEqual([
      "WARN",
      "ERROR c",
    ]);
    await expect(filter({ logGroupName: group, filterPattern: "{ broken" })).rejects.toMatchObject({
      name: "InvalidParameterException",
    });
    await expect(filter({ logGroupName: group, logStreamNames: ["nobody"] })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

describe("PutLogEvents", () => {
  it("tells what it left out", async () => {
    const group = await createGroup("s");
    const now = Date.now();
    const { rejectedLogEventsInfo } = await put(group, "s", [
      [now, "now"],
      [now + DAY / 2, "too new"],
    ]);
    expect(rejectedLogEventsInfo).toEqual({ tooNewLogEventStartIndex: 1 });
    const old = await put(group, "s", [
      [now - 14.5 * DAY, "too old"],
      [now - 13.9 * DAY, "old"],
    ]);
    expect(old.rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: group, retentionInDays: 3 }));
    const expired = await put(group, "s", [
      [now - 3.2 * DAY, "expired"],
      [now - 2.9 * DAY, "kept"],
    ]);
    expect(expired.rejectedLogEventsInfo).toEqual({ expiredLogEventEndIndex: 1 });
    expect((await filter({ logGroupName: group })).flat()).toEqual(["kept", "now"]);
  });

  it("refuses what AWS refuses", async () => {
    const group = await createGroup("s");
    const now = Date.now();
    const refused = { name: "InvalidParameterException" };
    await expect(
      put(group, "s", [
        [now, "b"],
        [now - 1, "a"],
      ]),
    ).rejects.toMatchObject(refused);
    await expect(
      put(group, "s", [
        [now - 2 * DAY, "a"],
        [now, "b"],
      ]),
    ).rejects.toMatchObject(refused);
    await expect(put(group, "s", [])).rejects.toMatchObject(refused);
    await expect(put(group, "s", [[now, ""]])).rejects.toMatchObject(refused);
    await expect(put(group, "s", [[now, "x".repeat(262_144)]])).rejects.toMatchObject(refused);
    const large = number(5).map((): [number, string] => [now, "x".repeat(240_000)]);
    await expect(put(group, "s", large)).rejects.toMatchObject(refused);
    await put(group, "s", large.slice(1));
    await expect(put(group, "t", [[now, "x"]])).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(put("nobody", "s", [[now, "x"]])).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    expect((await filter({ logGroupName: group })).flat()).toHaveLength(4);
  });
});
