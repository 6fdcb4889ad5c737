import { encodeKey } from "../../lib/percent.ts";
import { element, optionalElement } from "../../lib/xml.ts";
import type { UploadEntry } from "../../metadata/bucket/list-uploads.ts";
import type { UploadRecord } from "../../metadata/bucket/protocol.ts";
import type { S3Call, S3Result } from "../call.ts";
import { readInteger } from "../checks.ts";
import { invalidArgument } from "../errors.ts";
import { afterMarker, mergePages, positionOf, renderCommonPrefixes } from "../listing.ts";
import { describeInitiators, type Initiators } from "./initiators.ts";
import { describeChecksum } from "./list-parts.ts";

const MAX_PAGE = 1000;
const MAX_INTEGER = 2 ** 31 - 1;

interface Parameters {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keyMarker: string;
  /** Means nothing without a key marker, as on S3. */
  readonly uploadIdMarker: string;
  readonly limit: number;
  /** `encoding-type=url`: keys may hold what XML cannot carry. */
  readonly encoded: boolean;
}

/** ListMultipartUploads: uploads in progress, by key, those of a key in the order of their beginning. */
export async function listMultipartUploads(call: S3Call): Promise<S3Result> {
  const parameters = readParameters(call);
  const { prefix, delimiter, keyMarker, uploadIdMarker, limit, encoded } = parameters;
  const { entries, truncated } = await readPage(call, parameters);
  const uploads = entries.flatMap((entry) => ("upload" in entry ? [entry.upload] : []));
  const last = truncated ? entries.at(-1) : undefined;
  const initiators = await describeInitiators(call, uploads);
  const encode = (text: string) => (encoded ? encodeKey(text) : text);
  return {
    xml: element(
      "ListMultipartUploadsResult",
      element("Bucket", call.bucketName),
      element("KeyMarker", encode(keyMarker)),
      element("UploadIdMarker", uploadIdMarker),
      optionalElement("NextKeyMarker", last && encode(positionOf(last))),
      optionalElement("NextUploadIdMarker", last && "upload" in last ? last.upload.uploadId : undefined),
      optionalElement("Delimiter", delimiter === "" ? undefined : encode(delimiter)),
      element("Prefix", encode(prefix)),
      optionalElement("EncodingType", encoded ? "url" : undefined),
      element("MaxUploads", limit),
      element("IsTruncated", truncated),
      uploads.map((upload) => uploadElement(upload, initiators, encode)),
      renderCommonPrefixes(entries, encode),
    ),
  };
}

function readParameters({ query }: S3Call): Parameters {
  const encoding = query.get("encoding-type");
  if (encoding !== undefined && encoding !== "" && encoding !== "url") {
    throw invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", encoding);
  }
  const keyMarker = query.get("key-marker") ?? "";
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    keyMarker,
    uploadIdMarker: keyMarker === "" ? "" : (query.get("upload-id-marker") ?? ""),
    limit: Math.min(readInteger("max-uploads", query.get("max-uploads"), MAX_PAGE, 0, MAX_INTEGER), MAX_PAGE),
    encoded: Boolean(encoding),
  };
}

/** Asks every index object for its page and merges them; a key's uploads are all in one of them. */
async function readPage(call: S3Call, { prefix, delimiter, keyMarker, uploadIdMarker, limit }: Parameters) {
  const pages = await call.bucket.readAll((index, plain) =>
    index.listUploads({
      ...plain,
      prefix,
      delimiter,
      afterKey: afterMarker(keyMarker, { prefix, delimiter }),
      limit,
      ...(uploadIdMarker !== "" && { afterUploadId: uploadIdMarker }),
    }),
  );
  return limit === 0 ? { entries: [], truncated: false } : mergePages<UploadEntry>(pages, limit);
}

function uploadElement(upload: UploadRecord, initiators: Initiators, encode: (text: string) => string) {
  return element(
    "Upload",
    element("Key", encode(upload.key)),
    element("UploadId", upload.uploadId),
    initiators.element(upload),
    initiators.owner(upload),
    element("StorageClass", upload.storageClass),
    element("Initiated", new Date(upload.initiatedAt).toISOString()),
    describeChecksum(upload),
  );
}
