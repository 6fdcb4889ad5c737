import { callApi } from "../../scripts/local/api-client.ts";
import type { IndexStatistics } from "../../src/metadata/bucket/upkeep.ts";
import { expect } from "vitest";
import type { Verge } from "./server.ts";

/** A call of `/_verge/api` as root; answers its JSON. */
export function callVerge<Answer>(verge: Verge, method: string, path: string, body?: object): Promise<Answer> {
  return callApi(verge, method, path, body) as Promise<Answer>;
}

/** What each index object of a bucket says of itself; `status` alone where it is lost. */
export async function readIndexes(
  verge: Verge,
  bucket: string,
): Promise<(IndexStatistics & { readonly shard: number })[]> {
  const answer = await callVerge<{ indexes: (IndexStatistics & { shard: number })[] }>(
    verge,
    "GET",
    `/buckets/${bucket}`,
  );
  return answer.indexes;
}

/** Waits until every change is in the exported journal. */
export async function waitForExport(verge: Verge, bucket: string): Promise<void> {
  const waiting = async () => {
    const indexes = await readIndexes(verge, bucket);
    return indexes.reduce((sum, { journalRowsWaiting }) => sum + journalRowsWaiting, 0);
  };
  await expect.poll(waiting, { timeout: 15_000, interval: 100 }).toBe(0);
}
