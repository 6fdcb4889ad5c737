import type { StoredResponse } from "../engine/stored-response.ts";
import { Variant } from "./variant.ts";

/**
 * The index entry of a cache key as bytes: the length of its JSON in four bytes, the JSON of all variants, then
 * the inline bodies in their order. One read gives a small response whole.
 */
const VERSION = 1;
const PREFIX_BYTES = 4;

interface EntryDocument {
  readonly version: number;
  /** In full: the address of a long key is only its hash. */
  readonly key: string;
  readonly variants: readonly StoredResponse[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeEntry(key: string, variants: readonly Variant[]): Uint8Array<ArrayBuffer> {
  const document: EntryDocument = { version: VERSION, key, variants: variants.map(({ stored }) => stored) };
  const json = encoder.encode(JSON.stringify(document));
  const bodies = variants.flatMap(({ stored, bytes }) => (stored.form === "inline" && bytes ? [bytes] : []));
  const size = bodies.reduce((sum, body) => sum + body.byteLength, PREFIX_BYTES + json.byteLength);
  const entry = new Uint8Array(size);
  new DataView(entry.buffer).setUint32(0, json.byteLength);
  entry.set(json, PREFIX_BYTES);
  let position = PREFIX_BYTES + json.byteLength;
  for (const body of bodies) {
    entry.set(body, position);
    position += body.byteLength;
  }
  return entry;
}

/** Undefined when the bytes are no entry of this key: of another version of the product, or cut short. */
export function decodeEntry(key: string, buffer: ArrayBuffer): Variant[] | undefined {
  if (buffer.byteLength < PREFIX_BYTES) return undefined;
  const jsonEnd = PREFIX_BYTES + new DataView(buffer).getUint32(0);
  if (jsonEnd > buffer.byteLength) return undefined;
  const document = parseDocument(decoder.decode(new Uint8Array(buffer, PREFIX_BYTES, jsonEnd - PREFIX_BYTES)));
  if (document?.version !== VERSION || document.key !== key) return undefined;
  let position = jsonEnd;
  const variants: Variant[] = [];
  for (const stored of document.variants) {
    if (stored.form !== "inline") {
      variants.push(new Variant(stored));
      continue;
    }
    if (position + stored.length > buffer.byteLength) return undefined;
    variants.push(new Variant(stored, new Uint8Array(buffer, position, stored.length)));
    position += stored.length;
  }
  return variants;
}

function parseDocument(text: string): EntryDocument | undefined {
  try {
    return JSON.parse(text) as EntryDocument;
  } catch {
    return undefined;
  }
}
