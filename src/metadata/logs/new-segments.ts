import { frameLines, handlerTimes } from "./frame.ts";
import type { LogEvent, NewSegment } from "./protocol.ts";
import { encodeBody, type InvocationRun } from "./segment-body.ts";

/** Characters of messages in one segment: as JSON they stay below the 2 MB of a row whatever they hold. */
const MAX_CHARACTERS = 250_000;
/** What JSON writes around a message. */
const EVENT_OVERHEAD = 20;
/** What a record of an invocation counts. */
const RUN_OVERHEAD = 250;
/** Of lines of one invocation: more are stored as events of their own, which can be split. */
const MAX_RUN_CHARACTERS = 50_000;
/** Of one event, in UTF-8: what a function writes beyond it continues in the next. */
const MAX_EVENT_BYTES = 262_144;
/** So many never have more bytes than that. */
const MAX_PIECE_CHARACTERS = 87_000;
/** Ids are the time and these many bits, which stay below 2 ** 53 for the next centuries. */
const IDS_IN_A_MILLISECOND = 4_096;

export interface StreamBatch {
  readonly group: string;
  readonly stream: string;
  readonly runs?: readonly InvocationRun[];
  /** Without an invocation. */
  readonly events?: readonly LogEvent[];
}

/** What becomes one segment. */
interface Part {
  readonly runs: readonly InvocationRun[];
  readonly events: readonly LogEvent[];
}

let nextId = 0;

/** Begins anywhere, so that isolates seldom choose the same. */
function createId(now: number): number {
  if (nextId === 0) nextId = Math.floor(Math.random() * IDS_IN_A_MILLISECOND);
  return now * IDS_IN_A_MILLISECOND + (nextId++ % IDS_IN_A_MILLISECOND);
}

/** Segments of what has gathered for one stream. */
export function createSegments({ group, stream, runs = [], events = [] }: StreamBatch, now: number): NewSegment[] {
  const [long, short] = partition(runs);
  const written = long.flatMap(({ invocation, lines }) => frameLines(invocation, lines?.init ?? [], lines?.own ?? []));
  const records = long.map(({ invocation }) => ({ invocation }));
  const plain = [...written, ...events].flatMap(splitLong).toSorted(([one], [other]) => one - other);
  const parts: Part[] = [
    ...splitRuns([...short, ...records]).map((part) => ({ runs: part, events: [] })),
    ...splitBySize(plain).map((part) => ({ runs: [], events: part })),
  ];
  return parts.map((part) => {
    const times = timesOf(part);
    return {
      id: createId(now),
      group,
      stream,
      firstAt: Math.min(...times),
      lastAt: Math.max(...times),
      body: encodeBody(part.runs, part.events),
    };
  });
}

/** Those with many characters of lines, and the others. */
function partition(runs: readonly InvocationRun[]): [InvocationRun[], InvocationRun[]] {
  const { true: long = [], false: short = [] } = Object.groupBy(runs, (run) =>
    String(sizeOf(run) > MAX_RUN_CHARACTERS),
  );
  return [long, short];
}

function sizeOf({ lines }: InvocationRun): number {
  let size = RUN_OVERHEAD;
  for (const [, message] of lines?.init ?? []) size += message.length + EVENT_OVERHEAD;
  for (const [, message] of lines?.own ?? []) size += message.length + EVENT_OVERHEAD;
  return size;
}

/** Of all events; of the invocation where it has none. */
function timesOf({ runs, events }: Part): number[] {
  const times = runs.flatMap(({ invocation, lines }) =>
    lines ? [lines.init[0]?.[0] ?? Infinity, ...handlerTimes(invocation)] : [invocation.startedAt],
  );
  if (events.length > 0) times.push(events[0]![0], events.at(-1)![0]);
  return times.filter(Number.isFinite);
}

function splitRuns(runs: readonly InvocationRun[]): InvocationRun[][] {
  return splitAt(runs, sizeOf);
}

function splitBySize(events: readonly LogEvent[]): LogEvent[][] {
  return splitAt(events, ([, message]) => message.length + EVENT_OVERHEAD);
}

/** Parts of at most the characters that a segment takes. */
function splitAt<Item>(items: readonly Item[], measure: (item: Item) => number): Item[][] {
  let part: Item[] = [];
  const parts: Item[][] = items.length > 0 ? [part] : [];
  let size = 0;
  for (const item of items) {
    const added = measure(item);
    if (size > 0 && size + added > MAX_CHARACTERS) {
      parts.push((part = []));
      size = 0;
    }
    part.push(item);
    size += added;
  }
  return parts;
}

function splitLong([time, message]: LogEvent): LogEvent[] {
  if (message.length <= MAX_PIECE_CHARACTERS || Buffer.byteLength(message) <= MAX_EVENT_BYTES) return [[time, message]];
  const pieces: LogEvent[] = [];
  for (let at = 0; at < message.length; at += MAX_PIECE_CHARACTERS) {
    pieces.push([time, message.slice(at, at + MAX_PIECE_CHARACTERS)]);
  }
  return pieces;
}
