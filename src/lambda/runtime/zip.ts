/**
 * Reads deployment packages: the part of the ZIP format (PKWARE APPNOTE 6.3) that zips of functions use.
 * Sizes are enforced while inflating, by zlib itself: what an archive says about itself may be a lie, and a
 * library that trusts it can be kept busy for minutes by a few megabytes.
 */
import { Buffer } from "node:buffer";
import { crc32, inflateRawSync } from "node:zlib";
import { badPackage } from "./errors.ts";
import { MAX_FILES, MAX_LOADED_BYTES, MAX_UNZIPPED_BYTES } from "./limits.ts";

export interface UnzippedPackage {
  /** By path in the zip: relative, normal, without `.` and `..`. In the archive's order. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Bytes of all files, wanted or not. */
  readonly unzippedSize: number;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly offset: number;
  readonly isLink: boolean;
}

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
/** End of central directory: 22 bytes and a comment of at most 64 KiB. */
const END_LENGTH = 22;
const MAX_COMMENT = 0xffff;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
/** Upper half of the external attributes, when a Unix made the entry: `S_IFMT` and `S_IFLNK`. */
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;

const UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again.";

/**
 * Reads the files for whose paths `isWanted` holds. Throws InvalidParameterValueException for what is no zip, is
 * damaged, too large, or leads out of its folder.
 */
export function readZip(zip: Uint8Array, isWanted: (path: string) => boolean = () => true): UnzippedPackage {
  if (zip.byteLength === 0) throw badPackage("Uploaded file must be a non-empty zip");
  const entries = listFiles(Buffer.from(zip.buffer, zip.byteOffset, zip.byteLength));
  if (entries.size === 0) throw badPackage("Uploaded file must be a non-empty zip");
  // What the directory says is checked before anything is inflated; each file is held to it afterwards.
  const unzippedSize = sumSizes([...entries.values()]);
  if (unzippedSize > MAX_UNZIPPED_BYTES) {
    throw badPackage(`Unzipped size must be smaller than ${MAX_UNZIPPED_BYTES} bytes`);
  }
  const wanted = [...entries].filter(([path]) => isWanted(path));
  if (sumSizes(wanted.map(([, entry]) => entry)) > MAX_LOADED_BYTES) {
    throw badPackage(`The code to load must be smaller than ${MAX_LOADED_BYTES} bytes on this deployment`);
  }
  return { files: new Map(wanted.map(([path, entry]) => [path, readEntry(zip, entry)])), unzippedSize };
}

function sumSizes(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

function listFiles(zip: Buffer): Map<string, Entry> {
  const files = new Map<string, Entry>();
  for (const entry of readDirectory(zip)) {
    if (entry.name.endsWith("/")) continue;
    const path = checkPath(entry.name);
    // `npm install` leaves links to commands here, which a function has no use for.
    if (entry.isLink && path.includes("node_modules/.bin/")) continue;
    if (entry.isLink) throw badPackage(`The zip holds a symbolic link, ${path}. Pack the files themselves.`);
    if (files.has(path)) throw badPackage(UNREADABLE);
    files.set(path, entry);
  }
  return files;
}

function readDirectory(zip: Buffer): Entry[] {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  if (count > MAX_FILES) throw badPackage(`The zip holds more than ${MAX_FILES} files.`);
  const entries: Entry[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== CENTRAL_SIGNATURE) throw badPackage(UNREADABLE);
    const nameLength = zip.readUInt16LE(at + 28);
    const extraLength = zip.readUInt16LE(at + 30);
    const commentLength = zip.readUInt16LE(at + 32);
    if (zip.readUInt16LE(at + 8) & ENCRYPTED) throw badPackage(UNREADABLE);
    entries.push({
      // Names are UTF-8 from every tool of today; the CP437 of old ones shares ASCII with it.
      name: zip.toString("utf8", at + 46, at + 46 + nameLength).replaceAll("\\", "/"),
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      compressedSize: zip.readUInt32LE(at + 20),
      size: zip.readUInt32LE(at + 24),
      offset: zip.readUInt32LE(at + 42),
      isLink: ((zip.readUInt32LE(at + 38) >>> 16) & FILE_TYPE) === SYMBOLIC_LINK,
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function findEnd(zip: Buffer): number {
  const last = zip.length - END_LENGTH;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (zip.readUInt32LE(at) === END_SIGNATURE && at + END_LENGTH + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  throw badPackage(UNREADABLE);
}

/** A name that is absolute or climbs is an attack or a mistake: AWS's unzip would put it elsewhere. */
function checkPath(name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const absolute = name.startsWith("/") || /^[a-z]:/i.test(name);
  if (absolute || parts.length === 0 || parts.includes("..") || name.includes("\0")) throw badPackage(UNREADABLE);
  return parts.join("/");
}

function readEntry(zip: Uint8Array, entry: Entry): Uint8Array {
  const content = inflate(entry, findData(zip, entry));
  if (content.byteLength !== entry.size || crc32(content) !== entry.crc) throw badPackage(UNREADABLE);
  return content;
}

/** The data follows a local header whose extra field may be longer than the directory's. */
function findData(zip: Uint8Array, entry: Entry): Uint8Array {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  if (entry.offset + 30 > zip.byteLength || view.getUint32(entry.offset, true) !== LOCAL_SIGNATURE) {
    throw badPackage(UNREADABLE);
  }
  const nameLength = view.getUint16(entry.offset + 26, true);
  const extraLength = view.getUint16(entry.offset + 28, true);
  const start = entry.offset + 30 + nameLength + extraLength;
  if (start + entry.compressedSize > zip.byteLength) throw badPackage(UNREADABLE);
  return zip.subarray(start, start + entry.compressedSize);
}

function inflate(entry: Entry, data: Uint8Array): Uint8Array {
  if (entry.method === STORED) return data;
  if (entry.method !== DEFLATED) throw badPackage(UNREADABLE);
  // workerd counts the buffer that it grows by doubling, not what is in it.
  const maxOutputLength = 2 * entry.size + 65_536;
  try {
    return inflateRawSync(data, { maxOutputLength });
  } catch {
    throw badPackage(UNREADABLE);
  }
}
