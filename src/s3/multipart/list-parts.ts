import { checksumElement } from "../../lib/checksums.ts";
import { element, optionalElement, type XmlContent } from "../../lib/xml.ts";
import type { ListedPart, UploadRecord } from "../../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "../call.ts";
import { readInteger } from "../checks.ts";
import { describeInitiators } from "./initiators.ts";
import { noSuchUpload, readUploadId } from "./upload-id.ts";

const MAX_PAGE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

/** ListParts: what an upload has so far, by part number. */
export async function listParts(call: S3Call): Promise<S3Result> {
  const { key, query } = call;
  const { id } = readUploadId(call);
  const limit = Math.min(readInteger("max-parts", query.get("max-parts"), MAX_PAGE, 0, MAX_INTEGER), MAX_PAGE);
  const marker = readInteger("part-number-marker", query.get("part-number-marker"), 0, 0, MAX_INTEGER);
  const outcome = await call.bucket.read(key, (index, plain) =>
    index.listParts({ ...plain, key, uploadId: id, afterPartNumber: marker, limit }),
  );
  if (outcome.outcome !== "ok") throw noSuchUpload(id);
  const { upload, parts, truncated } = outcome;
  const initiators = await describeInitiators(call, [upload]);
  return {
    xml: element(
      "ListPartsResult",
      element("Bucket", call.bucketName),
      element("Key", key),
      element("UploadId", id),
      initiators.element(upload),
      initiators.owner(upload),
      element("StorageClass", upload.storageClass),
      element("PartNumberMarker", marker),
      // Some clients take its presence for the sign of another page.
      optionalElement("NextPartNumberMarker", truncated ? parts.at(-1)?.partNumber : undefined),
      element("MaxParts", limit),
      element("IsTruncated", truncated),
      describeChecksum(upload),
      parts.map((part) => partElement(part, upload)),
    ),
  };
}

/** `ChecksumAlgorithm` and `ChecksumType` of an upload that has them. */
export function describeChecksum({ checksumAlgorithm, checksumType }: UploadRecord): XmlContent {
  if (!checksumAlgorithm || !checksumType) return undefined;
  return [element("ChecksumAlgorithm", checksumAlgorithm), element("ChecksumType", checksumType)];
}

function partElement(part: ListedPart, { checksumAlgorithm }: UploadRecord) {
  return element(
    "Part",
    element("PartNumber", part.partNumber),
    element("LastModified", new Date(part.modifiedAt).toISOString()),
    element("ETag", `"${part.etag}"`),
    element("Size", part.size),
    checksumAlgorithm && optionalElement(checksumElement(checksumAlgorithm), part.checksum),
  );
}
