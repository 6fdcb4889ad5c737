import { randomBytes } from "node:crypto";
import type { ChecksumAlgorithm, ChecksumType } from "../../lib/checksums.ts";
import type { S3Call } from "../call.ts";
import { s3Error } from "../errors.ts";

/**
 * Upload ids, opaque to clients: 64 hexadecimal digits of time, checksum and chance. The time comes first, so
 * that the uploads of a key sort by initiation. The checksum that the upload was created with rides along: each
 * part is checked against it before its bytes are read, without asking the index. So does whether its parts have
 * a key of their own, for which the index has to be asked. Nothing is taken on trust:
 * the index knows ids only as a whole, so one that was altered names no upload.
 */

/** What an upload was created with. */
export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm;
  readonly type: ChecksumType;
}

export interface UploadId {
  /** As the client sends it. */
  readonly id: string;
  readonly checksum?: UploadChecksum;
  /** Its parts are encrypted with a key of the upload: the index knows which. */
  readonly encrypted: boolean;
}

/** Numbered by position: only ever add at the end, ids outlive a deploy. */
const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  "CRC32",
  "CRC32C",
  "CRC64NVME",
  "SHA1",
  "SHA256",
  "MD5",
  "SHA512",
  "XXHASH64",
  "XXHASH3",
  "XXHASH128",
];
const NO_CHECKSUM = 0;
const FULL_OBJECT_BIT = 0x80;
const ENCRYPTED_BIT = 0x40;
const TIME_BYTES = 6;
const RANDOM_BYTES = 25;
const PATTERN = /^[0-9a-f]{64}$/;

/** A fresh id that nobody can guess. `now` in milliseconds since the epoch. */
export function mintUploadId(
  checksum: UploadChecksum | undefined,
  encrypted = false,
  now: number = Date.now(),
): string {
  const head = Buffer.alloc(TIME_BYTES + 1);
  head.writeUIntBE(now, 0, TIME_BYTES);
  head.writeUInt8(encodeChecksum(checksum) | (encrypted ? ENCRYPTED_BIT : 0), TIME_BYTES);
  return Buffer.concat([head, randomBytes(RANDOM_BYTES)]).toString("hex");
}

/** The `uploadId` parameter. Throws NoSuchUpload for what was never given out. */
export function readUploadId(call: S3Call): UploadId {
  const id = call.query.get("uploadId") ?? "";
  if (!PATTERN.test(id)) throw noSuchUpload(id);
  const byte = Buffer.from(id, "hex").readUInt8(TIME_BYTES);
  const encrypted = (byte & ENCRYPTED_BIT) !== 0;
  const code = byte & ~ENCRYPTED_BIT;
  if (code === NO_CHECKSUM) return { id, encrypted };
  const algorithm = ALGORITHMS[(code & ~FULL_OBJECT_BIT) - 1];
  if (!algorithm) throw noSuchUpload(id);
  return { id, encrypted, checksum: { algorithm, type: code & FULL_OBJECT_BIT ? "FULL_OBJECT" : "COMPOSITE" } };
}

export function noSuchUpload(uploadId: string) {
  return s3Error("NoSuchUpload", { detail: { UploadId: uploadId } });
}

function encodeChecksum(checksum: UploadChecksum | undefined): number {
  if (!checksum) return NO_CHECKSUM;
  const number = ALGORITHMS.indexOf(checksum.algorithm) + 1;
  return checksum.type === "FULL_OBJECT" ? number | FULL_OBJECT_BIT : number;
}
