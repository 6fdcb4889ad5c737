import { checksumElement } from "../lib/checksums.ts";
import { formatHttpDate } from "../lib/http-date.ts";
import { element, optionalElement, type XmlElement } from "../lib/xml.ts";
import type { GetObjectOutcome, ListObjectPartsOutcome, ObjectRecord } from "../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "./call.ts";
import { readInteger } from "./checks.ts";
import { checkReadKey } from "./encryption.ts";
import { readReadEncryption } from "./encryption-headers.ts";
import { invalidArgument } from "./errors.ts";
import { missingObject } from "./get-object.ts";
import { readVersionId, versionHeader } from "./version-ids.ts";

const ATTRIBUTES = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"] as const;
type Attribute = (typeof ATTRIBUTES)[number];

const HEADER = "x-amz-object-attributes";
const MAX_PAGE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

type PartsPage = Omit<Extract<ListObjectPartsOutcome, { outcome: "ok" }>, "outcome" | "object">;
interface Paging {
  readonly limit: number;
  readonly marker: number;
}

/** GetObjectAttributes: what is known of an object, as far as the caller asks, and the parts it was made of. */
export async function getObjectAttributes(call: S3Call): Promise<S3Result> {
  const wanted = readAttributeNames(call);
  const { headers } = call;
  const paging = {
    limit: Math.min(readInteger("x-amz-max-parts", headers.get("x-amz-max-parts"), MAX_PAGE, 0, MAX_INTEGER), MAX_PAGE),
    marker: readInteger("x-amz-part-number-marker", headers.get("x-amz-part-number-marker"), 0, 0, MAX_INTEGER),
  };
  const key = readReadEncryption(headers);
  const { object, parts } = wanted.has("ObjectParts") ? await findParts(call, paging) : await findRecord(call);
  checkReadKey(object, key);
  return {
    headers: {
      "last-modified": formatHttpDate(object.modifiedAt),
      ...versionHeader(call.bucket.config, object.versionId),
    },
    xml: element(
      "GetObjectAttributesResponse",
      // Without quotes, here alone.
      optionalElement("ETag", wanted.has("ETag") ? object.etag : undefined),
      wanted.has("Checksum") ? describeChecksum(object) : undefined,
      parts && describeParts(object, parts, paging),
      optionalElement("StorageClass", wanted.has("StorageClass") ? object.storageClass : undefined),
      optionalElement("ObjectSize", wanted.has("ObjectSize") ? object.size : undefined),
    ),
  };
}

function readAttributeNames(call: S3Call): ReadonlySet<Attribute> {
  const header = call.headers.get(HEADER) ?? "";
  const names = header.split(",").map((name) => name.trim());
  if (!names.every(isAttribute)) throw invalidArgument("Invalid attribute name specified.", HEADER, header);
  return new Set(names);
}

function isAttribute(name: string): name is Attribute {
  return (ATTRIBUTES as readonly string[]).includes(name);
}

async function findRecord(call: S3Call): Promise<{ object: ObjectRecord; parts?: PartsPage }> {
  const versionId = readVersionId(call);
  const { key } = call;
  const outcome = await call.bucket.read(key, (index, plain): Promise<GetObjectOutcome> =>
    index.getObject({ ...plain, key, withBody: false, ...(versionId !== undefined && { versionId }) }),
  );
  // Neither a range nor a part was asked for.
  if (outcome.outcome === "range-not-satisfiable" || outcome.outcome === "no-such-part") return outcome;
  if (outcome.outcome !== "ok") throw missingObject(call, outcome);
  return outcome;
}

async function findParts(
  call: S3Call,
  { limit, marker }: Paging,
): Promise<{ object: ObjectRecord; parts?: PartsPage }> {
  const versionId = readVersionId(call);
  const { key } = call;
  const outcome = await call.bucket.read(key, (index, plain): Promise<ListObjectPartsOutcome> =>
    index.listObjectParts({
      ...plain,
      key,
      afterPartNumber: marker,
      limit,
      ...(versionId !== undefined && { versionId }),
    }),
  );
  if (outcome.outcome !== "ok") throw missingObject(call, outcome);
  const { object, parts, truncated } = outcome;
  return { object, parts: { parts, truncated } };
}

function describeChecksum({ checksum }: ObjectRecord): XmlElement | undefined {
  if (!checksum) return undefined;
  return element(
    "Checksum",
    element(checksumElement(checksum.algorithm), checksum.value),
    element("ChecksumType", checksum.type),
  );
}

/**
 * Of an object that was uploaded in parts: their number, and a page of them, with checksums where they have them.
 * S3 lists them always in directory buckets, in others only with checksums.
 */
function describeParts(object: ObjectRecord, page: PartsPage, { limit, marker }: Paging): XmlElement | undefined {
  const { checksum, partsCount } = object;
  if (partsCount === undefined) return undefined;
  const { parts, truncated } = page;
  return element(
    "ObjectParts",
    element("PartsCount", partsCount),
    element("PartNumberMarker", marker),
    element("NextPartNumberMarker", parts.at(-1)?.partNumber ?? marker),
    element("MaxParts", limit),
    element("IsTruncated", truncated),
    parts.map((part) =>
      element(
        "Part",
        element("PartNumber", part.partNumber),
        element("Size", part.size),
        checksum && optionalElement(checksumElement(checksum.algorithm), part.checksum),
      ),
    ),
  );
}
