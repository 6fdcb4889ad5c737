import { billedMs, frameLines } from "./frame.ts";
import type { InvocationRecord, LogEvent } from "./protocol.ts";

/** An invocation with what the function wrote: while its modules loaded, and from START to END. */
export interface InvocationRun {
  readonly invocation: InvocationRecord;
  /** Undefined when it has no lines, not even those of the platform. */
  readonly lines?: { readonly init: readonly LogEvent[]; readonly own: readonly LogEvent[] } | undefined;
}

/** What a segment holds. */
export interface SegmentContent {
  /** By timestamp; within the same millisecond as they were written. */
  readonly events: readonly LogEvent[];
  readonly invocations: readonly InvocationRecord[];
}

/**
 * A segment as it is stored, as JSON. The lines START, END and REPORT are not written out: they say what the
 * record of the invocation says, and are most of what a function that logs nothing leaves.
 */
interface StoredBody {
  /** Lines of the invocations, in their order; what follows are events of their own. */
  readonly events: readonly LogEvent[];
  readonly functions?: readonly Pick<InvocationRecord, "functionName" | "version" | "memoryMb" | "alias">[];
  readonly invocations?: readonly StoredInvocation[];
}

type StoredInvocation = readonly [
  /** Place in `functions`. */
  fn: number,
  requestId: string,
  startedAt: number,
  durationMs: number,
  /** -1 in a warm environment. */
  initMs: number,
  outcome: InvocationRecord["outcome"],
  errorType: string,
  /** -1 when it has no lines. */
  initLines: number,
  ownLines: number,
];

/** `events` have no invocation, or one whose lines are too many to lie beside it. */
export function encodeBody(runs: readonly InvocationRun[], events: readonly LogEvent[]): string {
  const lines = runs.flatMap((run) => (run.lines ? [...run.lines.init, ...run.lines.own] : []));
  if (runs.length === 0) return JSON.stringify({ events } satisfies StoredBody);
  const functions: Pick<InvocationRecord, "functionName" | "version" | "memoryMb" | "alias">[] = [];
  const places = new Map<string, number>();
  const placeOf = ({ alias, functionName, memoryMb, version }: InvocationRecord) => {
    const key = `${functionName}:${version}:${memoryMb}:${alias ?? ""}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, functions.length);
    return functions.push({ functionName, version, memoryMb, ...(alias !== undefined && { alias }) }) - 1;
  };
  const invocations = runs.map(({ invocation, lines: own }): StoredInvocation => {
    const { durationMs, errorType = "", initMs = -1, outcome, requestId, startedAt } = invocation;
    const counts = own ? ([own.init.length, own.own.length] as const) : ([-1, 0] as const);
    return [placeOf(invocation), requestId, startedAt, durationMs, initMs, outcome, errorType, ...counts];
  });
  return JSON.stringify({ events: [...lines, ...events], functions, invocations } satisfies StoredBody);
}

export function decodeBody(text: string): SegmentContent {
  const { events, functions = [], invocations = [] } = JSON.parse(text) as StoredBody;
  let at = 0;
  const records: InvocationRecord[] = [];
  const framed: LogEvent[] = [];
  for (const stored of invocations) {
    const record = toRecord(stored, functions[stored[0]]!);
    const [initLines, ownLines] = [stored[7], stored[8]];
    records.push(record);
    if (initLines < 0) continue;
    const own = at + initLines;
    framed.push(...frameLines(record, events.slice(at, own), events.slice(own, own + ownLines)));
    at = own + ownLines;
  }
  const all = [...framed, ...events.slice(at)];
  return { events: all.toSorted(([one], [other]) => one - other), invocations: records };
}

function toRecord(
  [, requestId, startedAt, durationMs, initMs, outcome, errorType]: StoredInvocation,
  fn: Pick<InvocationRecord, "functionName" | "version" | "memoryMb" | "alias">,
): InvocationRecord {
  const timing = { durationMs, ...(initMs >= 0 && { initMs }) };
  const hasRun = outcome !== "throttled" && outcome !== "fault";
  return {
    ...fn,
    requestId,
    startedAt,
    ...timing,
    billedMs: hasRun ? billedMs(timing) : 0,
    outcome,
    ...(errorType !== "" && { errorType }),
  };
}
