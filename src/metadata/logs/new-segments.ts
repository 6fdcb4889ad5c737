import type { InvocationRecord, LogEvent, NewSegment } from "./protocol.ts";

/** Characters of messages in one segment: as JSON they stay below the 2 MB of a row whatever they hold. */
const MAX_CHARACTERS = 250_000;
/** What JSON writes around a message. */
const EVENT_OVERHEAD = 20;
/** Records of invocations in one segment, of some 250 characters each. */
const MAX_INVOCATIONS = 1_000;
/** Of one event, in UTF-8: what a function writes beyond it continues in the next. */
const MAX_EVENT_BYTES = 262_144;
/** So many never have more bytes than that. */
const MAX_PIECE_CHARACTERS = 87_000;
/** Ids are the time and these many bits, which stay below 2 ** 53 for the next centuries. */
const IDS_IN_A_MILLISECOND = 4_096;

export interface StreamBatch {
  readonly group: string;
  readonly stream: string;
  readonly events: readonly LogEvent[];
  readonly invocations?: readonly InvocationRecord[];
}

let nextId = 0;

/** Begins anywhere, so that isolates seldom choose the same. */
function createId(now: number): number {
  if (nextId === 0) nextId = Math.floor(Math.random() * IDS_IN_A_MILLISECOND);
  return now * IDS_IN_A_MILLISECOND + (nextId++ % IDS_IN_A_MILLISECOND);
}

/** Segments of what has gathered for one stream; events in the order of their times. */
export function createSegments({ group, stream, events, invocations = [] }: StreamBatch, now: number): NewSegment[] {
  const sorted = events.flatMap(splitLong).toSorted(([one], [other]) => one - other);
  const parts = splitBySize(sorted);
  const count = Math.max(parts.length, Math.ceil(invocations.length / MAX_INVOCATIONS));
  return Array.from({ length: count }, (_, index) => {
    const part = parts[index] ?? [];
    const records = invocations.slice(index * MAX_INVOCATIONS, (index + 1) * MAX_INVOCATIONS);
    const times = part.length > 0 ? [part[0]![0], part.at(-1)![0]] : records.map(({ startedAt }) => startedAt);
    return {
      id: createId(now),
      group,
      stream,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
      body: JSON.stringify({ events: part, ...(records.length > 0 && { invocations: records }) }),
    };
  });
}

function splitLong([time, message]: LogEvent): LogEvent[] {
  if (message.length <= MAX_PIECE_CHARACTERS || Buffer.byteLength(message) <= MAX_EVENT_BYTES) return [[time, message]];
  const pieces: LogEvent[] = [];
  for (let at = 0; at < message.length; at += MAX_PIECE_CHARACTERS) {
    pieces.push([time, message.slice(at, at + MAX_PIECE_CHARACTERS)]);
  }
  return pieces;
}

function splitBySize(events: readonly LogEvent[]): LogEvent[][] {
  let part: LogEvent[] = [];
  const parts: LogEvent[][] = events.length > 0 ? [part] : [];
  let size = 0;
  for (const event of events) {
    const added = event[1].length + EVENT_OVERHEAD;
    if (size > 0 && size + added > MAX_CHARACTERS) {
      parts.push((part = []));
      size = 0;
    }
    part.push(event);
    size += added;
  }
  return parts;
}
