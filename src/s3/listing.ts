import { encodeKey } from "../lib/percent.ts";
import { compareUtf8 } from "../lib/text-order.ts";
import { escapeText, type XmlMarkup } from "../lib/xml.ts";
import { rollUp } from "../metadata/bucket/listing.ts";
import type { S3Call } from "./call.ts";
import { invalidArgument } from "./errors.ts";

/** Entries of a page unless fewer are asked for, and the most that a client gets. */
const MAX_KEYS = 1000;
const MAX_INTEGER = 2_147_483_647;

/** What all listings of keys have in common. */
export interface ListingParameters {
  readonly prefix: string;
  /** Empty: nothing is rolled up. */
  readonly delimiter: string;
  readonly maxKeys: number;
  readonly encodingType: "url" | undefined;
}

/** A part of a listing from one index object, in the order of keys. */
export interface IndexPage<Entry> {
  readonly entries: readonly Entry[];
  readonly truncated: boolean;
}

/** Which entries of a listing over several index objects are wanted. */
export interface ListingRequest {
  readonly limit: number;
  readonly shards: number;
  readonly delimiter: string;
}

export function readListingParameters(call: S3Call): ListingParameters {
  const encodingType = call.query.get("encoding-type");
  if (encodingType !== undefined && encodingType !== "" && encodingType !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encodingType);
  }
  return {
    prefix: call.query.get("prefix") ?? "",
    delimiter: call.query.get("delimiter") ?? "",
    maxKeys: readMaxKeys(call.query.get("max-keys")),
    encodingType: encodingType === "url" ? "url" : undefined,
  };
}

function readMaxKeys(value: string | undefined): number {
  if (value === undefined || value === "") return MAX_KEYS;
  if (!/^[+-]?\d{1,10}$/.test(value) || Number(value) > MAX_INTEGER) {
    throw invalidArgument("Provided max-keys not an integer or within integer range", "max-keys", value);
  }
  if (Number(value) < 0) {
    throw invalidArgument(`Argument maxKeys must be an integer between 0 and ${MAX_INTEGER}`, "maxKeys", value);
  }
  return Math.min(Number(value), MAX_KEYS);
}

/**
 * One page out of one part from each index object: in key order, a common prefix that several of them have
 * only once. Entries of one key stay in their order (all its versions are in one index object).
 */
export function mergePages<Entry extends { readonly key: string } | { readonly prefix: string }>(
  pages: readonly IndexPage<Entry>[],
  limit: number,
): IndexPage<Entry> {
  const [only] = pages;
  if (only && pages.length === 1 && only.entries.length <= limit) return only;
  const sorted = pages.flatMap((page) => page.entries).sort((a, b) => compareUtf8(positionOf(a), positionOf(b)));
  const unique = sorted.filter((entry, index) => {
    const previous = sorted[index - 1];
    return !("prefix" in entry && previous && "prefix" in previous && previous.prefix === entry.prefix);
  });
  // An index object that has more has nothing more before its last entry: what others have beyond it must wait.
  const ends = pages.flatMap((page) =>
    page.truncated && page.entries.length > 0 ? [positionOf(page.entries.at(-1)!)] : [],
  );
  const end = ends.sort(compareUtf8)[0];
  const complete = end === undefined ? unique : unique.filter((entry) => compareUtf8(positionOf(entry), end) <= 0);
  const entries = complete.slice(0, limit);
  return { entries, truncated: entries.length < unique.length || pages.some((page) => page.truncated) };
}

/** How many entries a shard is asked for beyond its even share: rarely has one more of a page's keys. */
const SHARE_MARGIN = 20;

/**
 * A page out of the parts of `shards` index objects, each of which `ask` asks for so many entries: from where the
 * page begins, or after an entry. Keys are spread evenly, so each is asked for its share and some more, and not for a whole page:
 * 64 of those would fill an isolate. Where the keys happen to lie otherwise the rest is asked for.
 */
export async function readMergedPage<Entry extends { readonly key: string } | { readonly prefix: string }>(
  { limit, shards, delimiter }: ListingRequest,
  ask: (after: Entry | undefined, limit: number) => Promise<readonly IndexPage<Entry>[]>,
): Promise<IndexPage<Entry>> {
  // A common prefix is on every shard, so that there is nothing to share.
  const share = delimiter === "" ? Math.ceil((limit / shards) * 1.25) + SHARE_MARGIN : limit;
  const page = mergePages(await ask(undefined, Math.min(share, limit)), limit);
  const last = page.entries.at(-1);
  const missing = limit - page.entries.length;
  if (!page.truncated || !last || missing === 0) return page;
  const rest = mergePages(await ask(last, missing), missing);
  return { entries: [...page.entries, ...rest.entries], truncated: rest.truncated };
}

/** The key or common prefix at which an entry stands. */
export function positionOf(entry: { readonly key: string } | { readonly prefix: string }): string {
  return "prefix" in entry ? entry.prefix : entry.key;
}

/**
 * Where a listing goes on after a marker that a client chose: a common prefix with the marker inside is behind it as a
 * whole. StartAfter of ListObjectsV2 is unlike this: there the prefix comes again for what is left of it.
 */
export function afterMarker(
  marker: string,
  { prefix, delimiter }: Pick<ListingParameters, "prefix" | "delimiter">,
): string {
  return rollUp(marker, prefix, delimiter) ?? marker;
}

/** How keys, prefixes, delimiters and markers appear in the answer. */
export function keyWriter({ encodingType }: ListingParameters): (text: string) => string {
  return encodingType === "url" ? encodeKey : (text) => text;
}

/** `<CommonPrefixes>` of the prefixes among the entries. */
export function renderCommonPrefixes(
  entries: readonly ({ readonly key: string } | { readonly prefix: string })[],
  write: (text: string) => string,
): XmlMarkup {
  let markup = "";
  for (const entry of entries) {
    if ("prefix" in entry)
      markup += `<CommonPrefixes><Prefix>${escapeText(write(entry.prefix))}</Prefix></CommonPrefixes>`;
  }
  return { markup };
}
