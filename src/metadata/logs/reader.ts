import type { Env } from "../../env.ts";
import { LogPackStore } from "../../storage/log-packs.ts";
import { askLogIndex } from "./client.ts";
import { decodePack } from "./pack.ts";
import { decodeBody } from "./segment-body.ts";
import type { Segment, SourceQuery, Sources, SourcesOutcome } from "./protocol.ts";

/** Where an event stands among all others: by time, then as it arrived. */
export interface Position {
  readonly timestamp: number;
  readonly segment: number;
  readonly index: number;
}

export interface StoredEvent extends Position {
  readonly stream: string;
  readonly ingestedAt: number;
  readonly message: string;
}

type Order = SourceQuery["order"];

/** A segment, or a pack of them, that has not been opened. */
export interface Source {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly open: () => Promise<readonly Segment[]>;
}

/** What reading the events of a query needs. */
export interface EventReader {
  readonly sources: Sources;
  /** One event after the other; reading no further opens no further pack. */
  readonly events: AsyncGenerator<StoredEvent, void>;
}

export type ReaderEnv = Pick<Env, "LOG_INDEX" | "BLOBS">;

/** Looks for the events of a query; those that come after a position alone, where one is given. */
export async function readEvents(
  env: ReaderEnv,
  accountId: string,
  query: SourceQuery,
  after?: Position,
): Promise<EventReader | Exclude<SourcesOutcome["outcome"], "found">> {
  const rest = after ? narrow(query, after) : query;
  const found = await askLogIndex(env, accountId, (index) => index.findSources(rest));
  if (found.outcome !== "found") return found.outcome;
  const { sources } = found;
  return { sources, events: mergeEvents(env, sources, query.order, after) };
}

/** The time that is left behind a position. */
function narrow(query: SourceQuery, { timestamp }: Position): SourceQuery {
  return query.order === "forward"
    ? { ...query, from: Math.max(query.from, timestamp) }
    : { ...query, to: Math.min(query.to, timestamp + 1) };
}

/** Where the events of an answer end that does not cover all: undefined when it does. */
export function horizonOf({ partial, from, to }: Sources, order: Order): Position | undefined {
  if (!partial) return undefined;
  return order === "forward"
    ? { timestamp: to - 1, segment: Number.MAX_SAFE_INTEGER, index: 0 }
    : { timestamp: from, segment: 0, index: 0 };
}

/** Events of sources that may overlap, in order. */
async function* mergeEvents(
  env: ReaderEnv,
  sources: Sources,
  order: Order,
  after: Position | undefined,
): AsyncGenerator<StoredEvent, void> {
  const direction = order === "forward" ? 1 : -1;
  const compare = (one: Position, other: Position) => direction * comparePositions(one, other);
  const begin = (source: Source) => direction * (order === "forward" ? source.firstAt : source.lastAt);
  const sorted = listSources(env, sources).toSorted((one, other) => begin(one) - begin(other));
  let pending: StoredEvent[] = [];
  for (const [index, source] of sorted.entries()) {
    const opened = (await source.open()).flatMap((segment) => listEvents(segment, sources));
    pending.push(...opened.filter((event) => !after || compare(event, after) > 0));
    const next = sorted[index + 1];
    // What is later than the beginning of the next source has to wait for it.
    const isSafe = ({ timestamp }: Position) => !next || direction * timestamp < begin(next);
    if (!pending.some(isSafe)) continue;
    pending.sort(compare);
    const count = pending.findIndex((event) => !isSafe(event));
    const ready = count < 0 ? pending : pending.slice(0, count);
    pending = count < 0 ? [] : pending.slice(count);
    yield* ready;
  }
}

function comparePositions(one: Position, other: Position): number {
  return one.timestamp - other.timestamp || one.segment - other.segment || one.index - other.index;
}

/** Where the events of an answer are: opening a source reads of it what was asked for. */
export function listSources(env: ReaderEnv, { segments, packs, streams }: Sources): Source[] {
  const store = new LogPackStore(env.BLOBS);
  const isWanted = ({ stream, ingestedAt }: Pick<Segment, "stream" | "ingestedAt">) =>
    Object.hasOwn(streams, stream) && ingestedAt >= streams[stream]!;
  return [
    ...segments.map((segment) => ({
      firstAt: segment.firstAt,
      lastAt: segment.lastAt,
      open: () => Promise.resolve([segment]),
    })),
    ...packs.map(({ key, firstAt, lastAt }) => ({
      firstAt,
      lastAt,
      open: async () => {
        const text = await store.read(key);
        return text === undefined ? [] : decodePack(text, isWanted);
      },
    })),
  ];
}

function listEvents({ body, id, ingestedAt, stream }: Segment, { from, to }: Sources): StoredEvent[] {
  return decodeBody(body)
    .events.map(([timestamp, message], index) => ({ timestamp, segment: id, index, stream, ingestedAt, message }))
    .filter(({ timestamp }) => timestamp >= from && timestamp < to);
}
