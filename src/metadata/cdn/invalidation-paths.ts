/** "Quotas on invalidations". */
const MAX_PATH = 4_000;
/** Developer Guide, "What you need to know when invalidating tags": `#tag` in the list of paths. */
const TAG = /^[!-+\--~]{1,256}$/;
/** Percent-encoded where it must be; a wildcard stands at the end alone. */
const PATH = /^\/?[A-Za-z0-9\-._~!$&'()+,;=:@/%?"<>\\^`{|}[\]#]*\*?$/;

/** Items that one invalidation may have. */
export const MAX_INVALIDATION_ITEMS = 3_000;
/** Characters of all of them as JSON: a record is one row, of at most 2 MB. */
const MAX_CHARACTERS = 1_000_000;

export function isTooLarge(items: readonly string[]): boolean {
  return items.length > MAX_INVALIDATION_ITEMS || JSON.stringify(items).length > MAX_CHARACTERS;
}

export interface InvalidationItems {
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

/** Paths and tags of a list that has both; undefined where one is neither. Tags have no case. */
export function parseInvalidationItems(items: readonly string[]): InvalidationItems | undefined {
  const tags = items.filter((item) => item.startsWith("#")).map((item) => item.slice(1).toLowerCase());
  const paths = items.filter((item) => !item.startsWith("#"));
  const valid = tags.every((tag) => TAG.test(tag)) && paths.every(isPath);
  return valid ? { paths, tags } : undefined;
}

function isPath(path: string): boolean {
  return path !== "" && path.length <= MAX_PATH && PATH.test(path);
}
