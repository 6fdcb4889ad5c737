import { horizonOf, readEvents, type StoredEvent } from "../metadata/logs/reader.ts";
import type { LogsCall } from "./call.ts";
import { invalidParameter, streamNotFound } from "./errors.ts";
import { readGroup, readTime, STREAM_NAME } from "./names.ts";
import { MAX_PAGE_BYTES, MAX_PAGE_EVENTS, sizeOf } from "./pages.ts";
import { parsePattern, type Pattern } from "./patterns/parse.ts";
import { formatPosition, parsePosition } from "./tokens.ts";

/** Bytes of events that one request looks at; what is further away is found with the token. */
const MAX_SCANNED_BYTES = 16 * MAX_PAGE_BYTES;

interface FilteredPage {
  readonly events: readonly StoredEvent[];
  /** The last event that was looked at, if there may be more behind it. */
  readonly stoppedAt: StoredEvent | undefined;
}

/** FilterLogEvents: events of a group that match a pattern, oldest first, whatever their streams. */
export async function filterLogEvents(call: LogsCall): Promise<object> {
  const { account, env, input } = call;
  const group = readGroup(call);
  const streams = input.textList("logStreamNames", { items: STREAM_NAME, max: 100 });
  const streamPrefix = input.text("logStreamNamePrefix", STREAM_NAME);
  const from = readTime(input, "startTime") ?? 0;
  const to = readTime(input, "endTime") ?? Number.MAX_SAFE_INTEGER;
  const pattern = input.text("filterPattern", { max: 1024 }) ?? "";
  const limit = input.integer("limit", { min: 1, max: MAX_PAGE_EVENTS }) ?? MAX_PAGE_EVENTS;
  const token = input.text("nextToken", { min: 1 });
  // Interleaved is the only way since 2019; `unmask` means nothing without data protection.
  input.boolean("interleaved");
  input.boolean("unmask");
  input.finish();
  if (streams && streamPrefix !== undefined) {
    throw invalidParameter("Parameters logStreamNames and logStreamNamePrefix cannot both be given.");
  }
  const matches = parsePattern(pattern);
  const after = token === undefined ? undefined : parsePosition(token);
  const query = {
    group,
    ...(streams && { streams }),
    ...(streamPrefix !== undefined && { streamPrefix }),
    from,
    to,
    order: "forward" as const,
  };
  const found = await readEvents(env, account.id, query, after);
  if (typeof found === "string") throw streamNotFound(found);
  const page = await readPage(found.events, matches, limit);
  const next = page.stoppedAt ?? horizonOf(found.sources, query.order);
  return {
    events: page.events.map(describeEvent),
    // "As of May 15, 2020 … this field is empty".
    searchedLogStreams: [],
    ...(next && { nextToken: formatPosition(next) }),
  };
}

async function readPage(
  found: AsyncGenerator<StoredEvent, void>,
  matches: Pattern,
  limit: number,
): Promise<FilteredPage> {
  const events: StoredEvent[] = [];
  let bytes = 0;
  let scanned = 0;
  let previous: StoredEvent | undefined;
  for await (const event of found) {
    const size = sizeOf(event);
    const isMatch = matches(event.message);
    const isFull = events.length === limit || (isMatch && bytes + size > MAX_PAGE_BYTES);
    if (previous && (isFull || scanned > MAX_SCANNED_BYTES)) return { events, stoppedAt: previous };
    scanned += size;
    previous = event;
    if (!isMatch) continue;
    events.push(event);
    bytes += size;
  }
  return { events, stoppedAt: undefined };
}

function describeEvent(event: StoredEvent): object {
  return {
    logStreamName: event.stream,
    timestamp: event.timestamp,
    message: event.message,
    ingestionTime: event.ingestedAt,
    eventId: formatPosition(event),
  };
}
