import { formatIsoTime } from "../lib/iso-time.ts";
import { formatPosition, isVersionId, mintVersionId, NULL_VERSION } from "../lib/version-id.ts";
import { element, optionalElement, renderElement, type XmlMarkup } from "../lib/xml.ts";
import type { ListedVersion, ListVersionsCall, VersionEntry } from "../metadata/bucket/list-versions.ts";
import type { S3Call, S3Result } from "./call.ts";
import { invalidArgument } from "./errors.ts";
import { renderListedObject } from "./list-objects.ts";
import {
  afterMarker,
  keyWriter,
  positionOf,
  readListingParameters,
  readMergedPage,
  renderCommonPrefixes,
} from "./listing.ts";
import { renderOwners } from "./owner.ts";

/**
 * ListObjectVersions: every version and delete marker, by key and then newest first. In a bucket without
 * versioning each object is its own `null` version.
 */
export async function listObjectVersions(call: S3Call): Promise<S3Result> {
  const parameters = readListingParameters(call);
  const { prefix, delimiter, maxKeys } = parameters;
  const keyMarker = call.query.get("key-marker") ?? "";
  const versionIdMarker = readVersionIdMarker(call);
  const { shards } = call.bucket.config;
  const begin = {
    afterKey: afterMarker(keyMarker, parameters),
    ...(versionIdMarker !== undefined && { afterVersionId: versionIdMarker }),
  };
  const found = await readMergedPage<VersionEntry>(
    { limit: Math.max(maxKeys, 1), shards, delimiter },
    (last, limit) => {
      const from = { prefix, delimiter, limit, ...(last ? placeAfter(call, last) : begin) };
      return call.bucket.readAll((index, plain) => index.listVersions({ ...plain, ...from }));
    },
  );
  const page = maxKeys === 0 ? { entries: [], truncated: false } : found;
  const write = keyWriter(parameters);
  const last = page.truncated ? page.entries.at(-1) : undefined;
  const owner = await renderOwners(
    call,
    page.entries.flatMap((entry) => ("version" in entry ? entry.version.ownerId : [])),
  );
  return {
    xml: element(
      "ListVersionsResult",
      element("Name", call.bucketName),
      element("Prefix", write(prefix)),
      element("KeyMarker", write(keyMarker)),
      element("VersionIdMarker", versionIdMarker ?? ""),
      optionalElement("NextKeyMarker", last && write(positionOf(last))),
      optionalElement("NextVersionIdMarker", last && "version" in last ? nextMarker(call, last.version) : undefined),
      element("MaxKeys", maxKeys),
      optionalElement("Delimiter", delimiter === "" ? undefined : write(delimiter)),
      optionalElement("EncodingType", parameters.encodingType),
      element("IsTruncated", page.truncated),
      renderVersions(page.entries, write, owner),
      renderCommonPrefixes(page.entries, write),
    ),
  };
}

function readVersionIdMarker(call: S3Call): string | undefined {
  const marker = call.query.get("version-id-marker");
  if (marker === undefined) return undefined;
  if (!call.query.get("key-marker")) {
    throw invalidArgument("A version-id marker cannot be specified without a key marker.", "version-id-marker", marker);
  }
  if (marker === "") throw invalidArgument("A version-id marker cannot be empty.", "version-id-marker", marker);
  if (!isVersionId(marker)) throw invalidArgument("Invalid version id specified", "version-id-marker", marker);
  return marker;
}

function placeAfter(call: S3Call, last: VersionEntry): Pick<ListVersionsCall, "afterKey" | "afterVersionId"> {
  const afterKey = positionOf(last);
  return "version" in last ? { afterKey, afterVersionId: nextMarker(call, last.version) } : { afterKey };
}

/**
 * Of a null version that may have others beside it, the marker says where it was: whoever deletes the page before
 * asking for the next one takes it away.
 */
function nextMarker(call: S3Call, { versionId, sequence }: ListedVersion): string {
  if (!Number.isInteger(sequence)) return formatPosition(sequence);
  const alone = versionId !== NULL_VERSION || !call.bucket.config.documents?.versioning;
  return alone ? versionId : mintVersionId(sequence);
}

function renderVersions(
  entries: readonly VersionEntry[],
  write: (text: string) => string,
  owner: (id: string) => string,
): XmlMarkup {
  let markup = "";
  for (const entry of entries) {
    if ("version" in entry) markup += renderVersion(entry.version, write, owner(entry.version.ownerId));
  }
  return { markup };
}

function renderVersion(version: ListedVersion, write: (text: string) => string, owner: string): string {
  const identity = `<VersionId>${version.versionId}</VersionId><IsLatest>${version.latest}</IsLatest>`;
  if (!version.deleteMarker) return `<Version>${identity}${renderListedObject(version, write, owner)}</Version>`;
  const key = renderElement(element("Key", write(version.key)));
  const modified = formatIsoTime(version.modifiedAt);
  return `<DeleteMarker>${key}${identity}<LastModified>${modified}</LastModified>${owner}</DeleteMarker>`;
}
