import { horizonOf, type Position, readEvents, type StoredEvent } from "../metadata/logs/reader.ts";
import type { SourceQuery } from "../metadata/logs/protocol.ts";
import type { LogsCall } from "./call.ts";
import { invalidParameter, streamNotFound } from "./errors.ts";
import { readGroup, readTime, STREAM_NAME } from "./names.ts";
import { MAX_PAGE_BYTES, MAX_PAGE_EVENTS, sizeOf } from "./pages.ts";
import { BEGINNING, formatPosition, parsePosition } from "./tokens.ts";

const TOKEN = /^([fb])\/(\d{56})\/s$/;

interface Reading {
  readonly order: SourceQuery["order"];
  /** Where the page before ended, in the direction of `order`. */
  readonly after?: Position;
}

/**
 * GetLogEvents: a page of one stream, from its head or its end. Each answer has a token for either direction;
 * at an end it is the one that was sent, by which clients know that there is no more for now.
 */
export async function getLogEvents(call: LogsCall): Promise<object> {
  const { account, env, input } = call;
  const group = readGroup(call);
  const stream = input.requireText("logStreamName", STREAM_NAME);
  const from = readTime(input, "startTime") ?? 0;
  const to = readTime(input, "endTime") ?? Number.MAX_SAFE_INTEGER;
  const limit = input.integer("limit", { min: 1, max: MAX_PAGE_EVENTS }) ?? MAX_PAGE_EVENTS;
  const fromHead = input.boolean("startFromHead") ?? false;
  const token = input.text("nextToken", { min: 1 });
  input.finish();
  const { order, after } =
    token === undefined ? ({ order: fromHead ? "forward" : "backward" } as const) : parseToken(token);
  const query = { group, streams: [stream], from, to, order };
  const found = await readEvents(env, account.id, query, after);
  if (typeof found === "string") throw streamNotFound(found);
  const events = await readPage(found.events, limit);
  if (order === "backward") events.reverse();
  return {
    events: events.map(({ timestamp, message, ingestedAt }) => ({ timestamp, message, ingestionTime: ingestedAt })),
    ...renderTokens(events, events.length > 0 ? undefined : (horizonOf(found.sources, order) ?? after)),
  };
}

async function readPage(found: AsyncGenerator<StoredEvent, void>, limit: number): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  let bytes = 0;
  for await (const event of found) {
    bytes += sizeOf(event);
    if (events.length > 0 && bytes > MAX_PAGE_BYTES) break;
    events.push(event);
    if (events.length === limit) break;
  }
  return events;
}

/** Of an empty page both lead to where it stands, so that what arrives later is found. */
function renderTokens(events: readonly StoredEvent[], standing: Position = BEGINNING): object {
  const first = events[0] ?? standing;
  const last = events.at(-1) ?? standing;
  return {
    nextForwardToken: `f/${formatPosition(last)}/s`,
    nextBackwardToken: `b/${formatPosition(first)}/s`,
  };
}

function parseToken(token: string): Reading {
  const [, direction, position = ""] = TOKEN.exec(token) ?? [];
  if (direction === undefined) throw invalidParameter("The specified nextToken is invalid.");
  return { order: direction === "f" ? "forward" : "backward", after: parsePosition(position) };
}
