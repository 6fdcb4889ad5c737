/**
 * The exported journals of the indexes: `journal/<bucketId>/<shard>/<name>`, where the name is
 * `<first>-<last>`, the sequences that the segment covers, in digits that sort.
 */

/** As many as R2 deletes in one call. */
const MAX_DELETED = 1000;
/** Digits of the largest safe integer. */
const SEQUENCE_DIGITS = 16;

export interface JournalOwner {
  readonly bucketId: string;
  readonly shard: number;
}

export interface SegmentName {
  readonly first: number;
  readonly last: number;
}

/** Stores a segment: lines of JSON, each ending in a newline. Storing it again replaces it. */
export async function putSegment(
  bucket: R2Bucket,
  owner: JournalOwner,
  name: SegmentName,
  lines: string,
): Promise<void> {
  await bucket.put(segmentKey(owner, name), lines, { httpMetadata: { contentType: "application/x-ndjson" } });
}

/** All segments of an index, oldest first. */
export async function listSegments(bucket: R2Bucket, owner: JournalOwner): Promise<SegmentName[]> {
  const prefix = ownerPrefix(owner);
  const names: SegmentName[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    for (const { key } of page.objects) names.push(parseName(key.slice(prefix.length)));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return names;
}

/** The lines of a segment, without their newlines; read as a stream, because the segment may be large. */
export async function* readSegment(bucket: R2Bucket, owner: JournalOwner, name: SegmentName): AsyncGenerator<string> {
  const object = await bucket.get(segmentKey(owner, name));
  if (!object) throw new Error(`segment ${segmentKey(owner, name)} is not in R2`);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of object.body) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

export async function deleteSegments(
  bucket: R2Bucket,
  owner: JournalOwner,
  names: readonly SegmentName[],
): Promise<void> {
  for (let first = 0; first < names.length; first += MAX_DELETED) {
    await bucket.delete(names.slice(first, first + MAX_DELETED).map((name) => segmentKey(owner, name)));
  }
}

function segmentKey(owner: JournalOwner, { first, last }: SegmentName): string {
  return `${ownerPrefix(owner)}${toDigits(first)}-${toDigits(last)}`;
}

function ownerPrefix({ bucketId, shard }: JournalOwner): string {
  return `journal/${bucketId}/${shard}/`;
}

function toDigits(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, "0");
}

function parseName(name: string): SegmentName {
  const [first, last] = name.split("-");
  return { first: Number(first), last: Number(last) };
}
