import type { ObjectEncryption } from "../lib/object-encryption.ts";

/**
 * What a blob says of itself in R2's custom metadata: whose bytes it holds. An index that was lost is
 * rebuilt from its journal and from the blobs that are newer than the journal (architecture, decision 1).
 */
export interface BlobOrigin {
  readonly key: string;
  readonly ownerId: string;
  readonly storageClass: string;
  /** What the client said of the object. Left out of R2 where it would not fit. */
  readonly attributes?: {
    readonly headers: Readonly<Record<string, string>>;
    readonly metadata: Readonly<Record<string, string>>;
    readonly tags?: readonly { readonly key: string; readonly value: string }[];
    /** Without it the bytes could not be read: it is never left out. */
    readonly encryption?: ObjectEncryption;
    readonly lock?: {
      readonly retention?: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly until: number };
      readonly legalHold?: "ON" | "OFF";
    };
  };
  /** Of a part: the upload that it belongs to, and its number. */
  readonly uploadId?: string;
  readonly partNumber?: number;
  /** Of a part whose upload has a key of its own. */
  readonly encrypted?: boolean;
  /** Many small bodies that an index had held itself; it alone knows whose. The key is empty. */
  readonly pack?: boolean;
}

/** R2 takes 8,192 bytes, names included. */
const MAX_METADATA_BYTES = 8000;

/**
 * Custom metadata travels in headers, which carry neither every character nor every length of a key:
 * both values are base64url, the key by itself because JSON would make six characters of a control one.
 */
export function encodeOrigin(origin: BlobOrigin): Record<string, string> {
  const { key, ...rest } = origin;
  const encoded = { key: encode(key), origin: encode(JSON.stringify(rest)) };
  if (encoded.key.length + encoded.origin.length <= MAX_METADATA_BYTES) return encoded;
  const { attributes, ...essential } = rest;
  const encryption = attributes?.encryption;
  const shortened = { ...essential, ...(encryption && { attributes: { headers: {}, metadata: {}, encryption } }) };
  return { key: encoded.key, origin: encode(JSON.stringify(shortened)) };
}

/** Undefined where the metadata is absent or not ours. */
export function decodeOrigin(metadata: Readonly<Record<string, string>> | undefined): BlobOrigin | undefined {
  const [key, origin] = [metadata?.["key"], metadata?.["origin"]];
  if (key === undefined || origin === undefined) return undefined;
  try {
    return { key: decode(key), ...(JSON.parse(decode(origin)) as Omit<BlobOrigin, "key">) };
  } catch {
    return undefined;
  }
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64url");
}

function decode(text: string): string {
  return Buffer.from(text, "base64url").toString("utf8");
}
