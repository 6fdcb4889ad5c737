import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, checksumElement, isChecksumValue } from "../../lib/checksums.ts";
import { malformedXml, type XmlNode } from "../../lib/xml.ts";
import type { CompletedPart } from "../../metadata/bucket/protocol.ts";
import { invalidArgument, s3Error } from "../errors.ts";
import { MAX_PART_NUMBER } from "./parts.ts";
import type { UploadId } from "./upload-id.ts";

const ALGORITHMS_BY_ELEMENT: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((algorithm) => [checksumElement(algorithm), algorithm]),
);

/**
 * The list of parts in a CompleteMultipartUpload, in the order in which they were sent; of a number that comes
 * several times in a row, as of a part that was sent again, the last. Anything that the schema does not know is
 * MalformedXML, and so is a list without parts.
 */
export function parseCompletedParts(root: XmlNode, upload: UploadId): CompletedPart[] {
  const { name, children } = root;
  if (name !== "CompleteMultipartUpload" || children.length === 0 || children.length > MAX_PART_NUMBER) {
    throw malformedXml();
  }
  const parts = children.map((node) => parsePart(node, upload));
  return parts.filter(({ partNumber }, index) => partNumber !== parts[index + 1]?.partNumber);
}

function parsePart(node: XmlNode, upload: UploadId): CompletedPart {
  if (node.name !== "Part") throw malformedXml();
  let partNumber: number | undefined;
  let etag: string | undefined;
  let checksum: CompletedPart["checksum"];
  for (const field of node.children) {
    const algorithm = ALGORITHMS_BY_ELEMENT.get(field.name);
    if (field.children.length > 0) throw malformedXml();
    if (field.name === "PartNumber" && partNumber === undefined) partNumber = parsePartNumber(field.text);
    else if (field.name === "ETag" && etag === undefined) etag = parseEtag(field.text);
    else if (algorithm && checksum === undefined) checksum = parseChecksum(algorithm, field.text);
    else if (algorithm) throw invalidChecksum();
    else throw malformedXml();
  }
  if (partNumber === undefined || etag === undefined) throw malformedXml();
  // An upload without an algorithm keeps no checksums of its parts, so none can be right.
  if (checksum && !upload.checksum) {
    throw s3Error("InvalidPart", { detail: { UploadId: upload.id, PartNumber: String(partNumber), ETag: etag } });
  }
  return { partNumber, etag, ...(checksum && { checksum }) };
}

function parsePartNumber(text: string): number {
  const digits = text.trim();
  if (!/^[+-]?\d{1,10}$/.test(digits)) throw malformedXml();
  const partNumber = Number(digits);
  if (partNumber < 1) throw invalidArgument("PartNumber must be >= 1", "PartNumber", digits);
  return partNumber;
}

/** ETags come with quotes, or without. */
function parseEtag(text: string): string {
  const etag = text.trim().replace(/^"(.*)"$/, "$1");
  if (etag === "") throw malformedXml();
  return etag;
}

function parseChecksum(algorithm: ChecksumAlgorithm, text: string) {
  const value = text.trim();
  if (!isChecksumValue(algorithm, value)) throw invalidChecksum();
  return { algorithm, value };
}

function invalidChecksum() {
  return s3Error("InvalidArgument", { message: "Invalid Base64 or multiple checksums present in request" });
}
