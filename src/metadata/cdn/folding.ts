import type { InvalidationRecord } from "./protocol.ts";

/** Of one kind (hard or soft), after folding. */
const MAX_FOLDED_PATHS = 100;
/** Every path: what a list of tags that has grown too long becomes as well. */
const EVERYTHING = "/*";

/**
 * Merges old records into few. Each path becomes the prefix of as many leading segments as leave at most 100
 * of them, with the highest number of those that it stands for. So whatever the records invalidated still is;
 * more may be, which costs a fetch and is never wrong.
 */
export function foldRecords(records: readonly InvalidationRecord[]): InvalidationRecord[] {
  const kinds = [false, true].flatMap((soft) => {
    const ofKind = records.filter((record) => (record.soft ?? false) === soft);
    return ofKind.length === 0 ? [] : foldKind(ofKind, soft);
  });
  return kinds.toSorted((a, b) => a.number - b.number);
}

function foldKind(records: readonly InvalidationRecord[], soft: boolean): InvalidationRecord[] {
  const paths = latestOf(records, ({ paths: all }) => all);
  const tags = latestOf(records, ({ tags: all }) => all ?? []);
  const tooManyTags = tags.size > MAX_FOLDED_PATHS;
  if (tooManyTags) paths.set(EVERYTHING, Math.max(paths.get(EVERYTHING) ?? 0, ...tags.values()));
  const prefixes = shortenPaths(paths);
  const at = Math.max(...records.map((record) => record.at));
  const numbers = new Set([...prefixes.values(), ...(tooManyTags ? [] : tags.values())]);
  return [...numbers].map((number) => ({
    number,
    paths: namesOf(prefixes, number),
    ...(!tooManyTags && { tags: namesOf(tags, number) }),
    ...(soft && { soft }),
    at,
  }));
}

/** Each name with the highest number of a record that has it. */
function latestOf(
  records: readonly InvalidationRecord[],
  namesIn: (record: InvalidationRecord) => readonly string[],
): Map<string, number> {
  const latest = new Map<string, number>();
  for (const record of records) {
    for (const name of namesIn(record)) latest.set(name, Math.max(latest.get(name) ?? 0, record.number));
  }
  return latest;
}

function shortenPaths(paths: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  if (paths.size <= MAX_FOLDED_PATHS) return paths;
  const deepest = Math.max(...[...paths.keys()].map((path) => path.split("/").length));
  for (let segments = deepest - 1; segments > 1; segments--) {
    const prefixes = new Map<string, number>();
    for (const [path, number] of paths) {
      const prefix = shortenPath(path, segments);
      prefixes.set(prefix, Math.max(prefixes.get(prefix) ?? 0, number));
    }
    if (prefixes.size <= MAX_FOLDED_PATHS) return prefixes;
  }
  return new Map([[EVERYTHING, Math.max(...paths.values())]]);
}

/** `/a/b/c` at 2 segments, the empty one before the first slash included, is `/a/*`. */
function shortenPath(path: string, segments: number): string {
  const parts = path.split("/");
  return parts.length <= segments ? path : `${parts.slice(0, segments).join("/")}/*`;
}

function namesOf(latest: ReadonlyMap<string, number>, number: number): string[] {
  return [...latest].filter(([, highest]) => highest === number).map(([name]) => name);
}
