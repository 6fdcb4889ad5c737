import { askLogIndex } from "./client.ts";
import { decodeBody } from "./segment-body.ts";
import type { InvocationRecord, Segment } from "./protocol.ts";
import { listSources, type ReaderEnv } from "./reader.ts";

/** By which records are ordered. */
export type InvocationKey = Pick<InvocationRecord, "startedAt" | "requestId">;

export interface InvocationQuery {
  readonly group: string;
  readonly functionName: string;
  /** The last one of the page before. */
  readonly after?: InvocationKey;
  readonly limit: number;
}

/** An invocation takes 15 minutes at most: its lines may be so much later than its beginning. */
const LONGEST_MS = 16 * 60_000;

/** Records of invocations of one function, the latest first; undefined when there are no logs of it. */
export async function readInvocations(
  env: ReaderEnv,
  accountId: string,
  { after, functionName, group, limit }: InvocationQuery,
): Promise<InvocationRecord[] | undefined> {
  const to = after ? after.startedAt + LONGEST_MS : Number.MAX_SAFE_INTEGER;
  const query = { group, from: 0, to, order: "backward", withoutStream: true } as const;
  const found = await askLogIndex(env, accountId, (index) => index.findSources(query));
  if (found.outcome !== "found") return undefined;
  const sources = listSources(env, found.sources).toSorted((one, other) => other.lastAt - one.lastAt);
  let records: InvocationRecord[] = [];
  for (const { lastAt, open } of sources) {
    // What an unopened source holds began no later than its last line.
    const settled = records[limit - 1];
    if (settled && settled.startedAt > lastAt) break;
    const opened = (await open()).flatMap(listRecords);
    const own = opened.filter((record) => record.functionName === functionName);
    const wanted = own.filter((record) => !after || compareLatestFirst(after, record) < 0);
    if (wanted.length > 0) records = [...records, ...wanted].toSorted(compareLatestFirst).slice(0, limit);
  }
  return records;
}

function compareLatestFirst(one: InvocationKey, other: InvocationKey): number {
  return (
    other.startedAt - one.startedAt || (one.requestId < other.requestId ? 1 : -Number(one.requestId > other.requestId))
  );
}

function listRecords({ body }: Segment): readonly InvocationRecord[] {
  return decodeBody(body).invocations;
}
