import { env, reset } from "cloudflare:test";
import { afterEach, expect, it } from "vitest";
import {
  deleteSegments,
  listSegments,
  putSegment,
  readSegment,
  type SegmentName,
} from "../../../src/storage/journal-segments.ts";

afterEach(() => reset());

async function readLines(segment: SegmentName): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readSegment(env.BLOBS, OWNER, segment)) lines.push(line);
  return lines;
}

const OWNER = { bucketId: "b1", shard: 1 };

it("gives back the segments of one index object in the order of their sequences", async () => {
  for (const first of [1000, 1, 99])
    await putSegment(env.BLOBS, OWNER, { first, last: first + 9 }, `{"from":${first}}\n{"é":1}\n`);
  await putSegment(env.BLOBS, { bucketId: "b1", shard: 10 }, { first: 1, last: 2 }, "another's\n");
  const segments = await listSegments(env.BLOBS, OWNER);
  expect(segments).toEqual([
    { first: 1, last: 10 },
    { first: 99, last: 108 },
    { first: 1000, last: 1009 },
  ]);
  expect(await readLines(segments[1]!)).toEqual(['{"from":99}', '{"é":1}']);
  await deleteSegments(env.BLOBS, OWNER, segments.slice(0, 2));
  expect(await listSegments(env.BLOBS, OWNER)).toEqual([{ first: 1000, last: 1009 }]);
  await expect(readLines(segments[0]!)).rejects.toThrow("not in R2");
});
