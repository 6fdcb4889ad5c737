import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { Crc32cJs, Crc64NvmeJs } from "@aws-sdk/checksums/crc";
import { Xxh3_128, Xxh3_64, Xxh64 } from "@aws-sdk/checksums/xxh";
import { combineCrcs, type CrcAlgorithm } from "./crc-combine.ts";

/**
 * S3's object checksums (User Guide, "Checking object integrity").
 * CRC32, MD5 and SHA come from the runtime. The rest are the SDK's own implementations in plain JavaScript
 * (the classes ending in `Js`: the ones without look for native code that workerd does not have, and which
 * of them a bundler picks depends on its export conditions). Their digests are promises, hence ours.
 */

export type ChecksumAlgorithm =
  | "CRC32"
  | "CRC32C"
  | "CRC64NVME"
  | "SHA1"
  | "SHA256"
  | "MD5"
  | "SHA512"
  | "XXHASH64"
  | "XXHASH3"
  | "XXHASH128";

export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** COMPOSITE: the checksum of the parts' checksums. FULL_OBJECT: of the bytes. */
  readonly type: ChecksumType;
  /** Base64; a composite one carries `-<parts>`. */
  readonly value: string;
}

/** Takes bytes in pieces, then tells their digest once. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  /** Big-endian, as S3 carries them. */
  digest(): Promise<Uint8Array>;
}

export interface ChecksumHasher extends Hasher {
  digestBase64(): Promise<string>;
}

interface Algorithm {
  /** Bytes of the digest. */
  readonly length: number;
  /** What a multipart upload may ask for; the first is the default. A single PUT is always FULL_OBJECT. */
  readonly types: readonly ChecksumType[];
  readonly create: () => Hasher;
}

/** Only CRCs can be joined, so only they offer FULL_OBJECT; CRC64NVME, the newest, offers nothing else. */
const ALGORITHMS: Readonly<Record<ChecksumAlgorithm, Algorithm>> = {
  CRC32: { length: 4, types: ["COMPOSITE", "FULL_OBJECT"], create: createCrc32 },
  CRC32C: { length: 4, types: ["COMPOSITE", "FULL_OBJECT"], create: () => new Crc32cJs() },
  CRC64NVME: { length: 8, types: ["FULL_OBJECT"], create: () => new Crc64NvmeJs() },
  SHA1: { length: 20, types: ["COMPOSITE"], create: () => createNativeHash("sha1") },
  SHA256: { length: 32, types: ["COMPOSITE"], create: () => createNativeHash("sha256") },
  SHA512: { length: 64, types: ["COMPOSITE"], create: () => createNativeHash("sha512") },
  MD5: { length: 16, types: ["COMPOSITE"], create: () => createNativeHash("md5") },
  XXHASH64: { length: 8, types: ["COMPOSITE"], create: () => new Xxh64() },
  XXHASH3: { length: 8, types: ["COMPOSITE"], create: () => new Xxh3_64() },
  XXHASH128: { length: 16, types: ["COMPOSITE"], create: () => new Xxh3_128() },
};

export const CHECKSUM_ALGORITHMS = Object.keys(ALGORITHMS) as readonly ChecksumAlgorithm[];

/** A hasher for one body. */
export function createChecksum(algorithm: ChecksumAlgorithm): ChecksumHasher {
  const hasher = ALGORITHMS[algorithm].create();
  return {
    update: (bytes) => hasher.update(bytes),
    digest: () => hasher.digest(),
    digestBase64: async () => encode(await hasher.digest()),
  };
}

/** The algorithm of that name in any case (`crc32`, `CRC32`), as headers and XML give it. */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm | undefined {
  const upper = name.toUpperCase();
  return upper in ALGORITHMS ? (upper as ChecksumAlgorithm) : undefined;
}

/** `x-amz-checksum-crc32`, header and trailer alike. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return CHECKSUM_HEADERS[algorithm];
}

/** The algorithm of a header or trailer, by its name in lower case; undefined for other headers. */
export function algorithmOfHeader(name: string): ChecksumAlgorithm | undefined {
  return ALGORITHMS_BY_HEADER.get(name);
}

/** The element of XML answers: `ChecksumCRC32`. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** Whether a value that a client sent can be a checksum of this algorithm: canonical Base64 of the right length. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.length === ALGORITHMS[algorithm].length && bytes.toString("base64") === value;
}

/** The type that a multipart upload gets when it names none. */
export function defaultChecksumType(algorithm: ChecksumAlgorithm): ChecksumType {
  return ALGORITHMS[algorithm].types[0]!;
}

/** Whether a multipart upload may have this type. */
export function allowsChecksumType(algorithm: ChecksumAlgorithm, type: ChecksumType): boolean {
  return ALGORITHMS[algorithm].types.includes(type);
}

/** Whether the checksum of an object can be computed from those of its parts. */
export function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CrcAlgorithm {
  return allowsChecksumType(algorithm, "FULL_OBJECT");
}

/** The FULL_OBJECT checksum of an object from the checksums (Base64) and sizes (bytes) of its parts, in order. */
export function combineCrc(
  algorithm: CrcAlgorithm,
  parts: readonly { readonly checksum: string; readonly size: number }[],
): string {
  return encode(
    combineCrcs(
      algorithm,
      parts.map(({ checksum, size }) => ({ crc: Buffer.from(checksum, "base64"), size })),
    ),
  );
}

/** The COMPOSITE checksum of an object: that of its parts' digests one after another, with their number. */
export async function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  partChecksums: readonly string[],
): Promise<string> {
  const hasher = createChecksum(algorithm);
  for (const checksum of partChecksums) hasher.update(Buffer.from(checksum, "base64"));
  return `${await hasher.digestBase64()}-${partChecksums.length}`;
}

const CHECKSUM_HEADERS = Object.fromEntries(
  CHECKSUM_ALGORITHMS.map((algorithm) => [algorithm, `x-amz-checksum-${algorithm.toLowerCase()}`]),
) as Readonly<Record<ChecksumAlgorithm, string>>;

const ALGORITHMS_BY_HEADER: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((algorithm) => [CHECKSUM_HEADERS[algorithm], algorithm]),
);

function createCrc32(): Hasher {
  let crc = 0;
  return {
    update(bytes) {
      crc = crc32(bytes, crc);
    },
    async digest() {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, crc);
      return bytes;
    },
  };
}

function createNativeHash(name: "md5" | "sha1" | "sha256" | "sha512"): Hasher {
  const hash = createHash(name);
  return {
    update(bytes) {
      hash.update(bytes);
    },
    digest: async () => hash.digest(),
  };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
