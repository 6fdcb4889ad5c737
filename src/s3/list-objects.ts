import { formatIsoTime } from "../lib/iso-time.ts";
import { element, escapeText, optionalElement, type XmlContent, type XmlMarkup } from "../lib/xml.ts";
import type { ListEntry, ListedObject } from "../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "./call.ts";
import { decodeContinuationToken, encodeContinuationToken } from "./continuation-token.ts";
import {
  afterMarker,
  type IndexPage,
  keyWriter,
  type ListingParameters,
  positionOf,
  readListingParameters,
  readMergedPage,
  renderCommonPrefixes,
} from "./listing.ts";
import { renderOwners } from "./owner.ts";

/** `<Owner>` by the account's id, rendered; empty where owners are not shown. */
type OwnerOf = (ownerId: string) => string;
const NO_OWNERS: OwnerOf = () => "";

/** ListObjects, the first version: pages are found by the last key (`marker`), and owners are always shown. */
export async function listObjects(call: S3Call): Promise<S3Result> {
  const parameters = readListingParameters(call);
  const marker = call.query.get("marker") ?? "";
  const page = await readPage(call, parameters, afterMarker(marker, parameters));
  const write = keyWriter(parameters);
  const last = page.entries.at(-1);
  // Without a delimiter clients are to take the last key.
  const nextMarker = page.truncated && parameters.delimiter !== "" && last ? positionOf(last) : undefined;
  return {
    xml: element(
      "ListBucketResult",
      element("Name", call.bucketName),
      element("Prefix", write(parameters.prefix)),
      element("Marker", write(marker)),
      optionalElement("NextMarker", nextMarker && write(nextMarker)),
      ...renderRest(parameters, page, await ownersOf(call, page)),
    ),
  };
}

/** ListObjectsV2: pages are found by an opaque token. */
export async function listObjectsV2(call: S3Call): Promise<S3Result> {
  const parameters = readListingParameters(call);
  const token = call.query.get("continuation-token");
  const startAfter = call.query.get("start-after");
  const page = await readPage(call, parameters, token ? decodeContinuationToken(token) : (startAfter ?? ""));
  const write = keyWriter(parameters);
  const last = page.entries.at(-1);
  const owner = call.query.get("fetch-owner") === "true" ? await ownersOf(call, page) : NO_OWNERS;
  return {
    xml: element(
      "ListBucketResult",
      element("Name", call.bucketName),
      element("Prefix", write(parameters.prefix)),
      optionalElement("StartAfter", startAfter && write(startAfter)),
      optionalElement("ContinuationToken", token),
      optionalElement(
        "NextContinuationToken",
        page.truncated && last ? encodeContinuationToken(positionOf(last)) : undefined,
      ),
      element("KeyCount", page.entries.length),
      ...renderRest(parameters, page, owner),
    ),
  };
}

/** The entries after a key or common prefix. */
async function readPage(call: S3Call, parameters: ListingParameters, after: string): Promise<IndexPage<ListEntry>> {
  const { prefix, delimiter, maxKeys } = parameters;
  const { shards } = call.bucket.config;
  const page = await readMergedPage<ListEntry>({ limit: Math.max(maxKeys, 1), shards, delimiter }, (last, limit) => {
    const from = { prefix, delimiter, after: last ? positionOf(last) : after, limit };
    return call.bucket.readAll((index, plain) => index.listObjects({ ...plain, ...from }));
  });
  // No keys asked for: S3 answers an empty page that is not truncated.
  return maxKeys === 0 ? { entries: [], truncated: false } : page;
}

/** What both versions end with. */
function renderRest(parameters: ListingParameters, page: IndexPage<ListEntry>, owner: OwnerOf): XmlContent[] {
  const write = keyWriter(parameters);
  return [
    element("MaxKeys", parameters.maxKeys),
    optionalElement("Delimiter", parameters.delimiter === "" ? undefined : write(parameters.delimiter)),
    optionalElement("EncodingType", parameters.encodingType),
    element("IsTruncated", page.truncated),
    renderObjects(page.entries, write, owner),
    renderCommonPrefixes(page.entries, write),
  ];
}

function renderObjects(entries: readonly ListEntry[], write: (text: string) => string, owner: OwnerOf): XmlMarkup {
  let markup = "";
  for (const entry of entries) {
    if ("object" in entry)
      markup += `<Contents>${renderListedObject(entry.object, write, owner(entry.object.ownerId))}</Contents>`;
  }
  return { markup };
}

function ownersOf(call: S3Call, { entries }: IndexPage<ListEntry>): Promise<OwnerOf> {
  return renderOwners(
    call,
    entries.flatMap((entry) => ("object" in entry ? entry.object.ownerId : [])),
  );
}

/** The elements of an object in a listing; `owner` is rendered already, or empty. */
export function renderListedObject(object: ListedObject, write: (text: string) => string, owner: string): string {
  const { checksum } = object;
  return (
    `<Key>${escapeText(write(object.key))}</Key>` +
    `<LastModified>${formatIsoTime(object.modifiedAt)}</LastModified>` +
    `<ETag>&quot;${object.etag}&quot;</ETag>` +
    (checksum
      ? `<ChecksumAlgorithm>${checksum.algorithm}</ChecksumAlgorithm><ChecksumType>${checksum.type}</ChecksumType>`
      : "") +
    `<Size>${object.size}</Size>${owner}<StorageClass>${object.storageClass}</StorageClass>`
  );
}
