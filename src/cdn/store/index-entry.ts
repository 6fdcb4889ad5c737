import type { StoredResponse } from "../engine/stored-response.ts";
import type { Variant } from "./variant.ts";

/**
 * The index entry of a cache key: what is known of all variants in a header field, as JSON, and as its body the inline
 * bodies in their order. Where there is one, the entry's body is that variant's, and need not be read to be sent.
 */
export interface IndexEntry {
  readonly index: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

export const INDEX_FIELD = "x-verge-index";

const VERSION = 2;
/** Of the index, in bytes; all fields of an answer may have 128 KB on the platform. Variants that do not fit leave. */
const MAX_INDEX_BYTES = 32 * 1024;

interface IndexDocument {
  readonly version: number;
  /** In full: the address of a long key is only its hash. */
  readonly key: string;
  readonly variants: readonly StoredResponse[];
}

/** Undefined when not even the first variant fits. */
export function encodeEntry(key: string, variants: readonly Variant[]): IndexEntry | undefined {
  const kept = fitIndex(key, variants);
  if (kept.length === 0) return undefined;
  const document: IndexDocument = { version: VERSION, key, variants: kept.map(({ stored }) => stored) };
  const bodies = kept.flatMap(({ stored, bytes }) => (stored.form === "inline" && bytes ? [bytes] : []));
  return { index: toAsciiJson(document), body: concatenate(bodies) };
}

/** What was stored of a key; undefined when the text is no index of it, or one of another version of the product. */
export function decodeIndex(key: string, text: string | null): readonly StoredResponse[] | undefined {
  const document = text === null ? undefined : parseDocument(text);
  return document?.version === VERSION && document.key === key ? document.variants : undefined;
}

/** Gives the variants their inline bodies; false when the body of the entry is not all of them. */
export function attachBodies(variants: readonly Variant[], body: ArrayBuffer): boolean {
  let position = 0;
  for (const variant of variants) {
    if (variant.stored.form !== "inline") continue;
    const { length } = variant.stored;
    if (position + length > body.byteLength) return false;
    variant.bytes = new Uint8Array(body, position, length);
    position += length;
  }
  return position === body.byteLength;
}

function fitIndex(key: string, variants: readonly Variant[]): readonly Variant[] {
  let size = toAsciiJson(key).length + 64;
  const excess = variants.findIndex(({ stored }) => {
    size += toAsciiJson(stored).length + 1;
    return size > MAX_INDEX_BYTES;
  });
  return excess === -1 ? variants : variants.slice(0, excess);
}

/** Header fields carry nothing else safely. */
function toAsciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function concatenate(bodies: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bodies.reduce((sum, body) => sum + body.byteLength, 0));
  let position = 0;
  for (const body of bodies) {
    whole.set(body, position);
    position += body.byteLength;
  }
  return whole;
}

function parseDocument(text: string): IndexDocument | undefined {
  try {
    return JSON.parse(text) as IndexDocument;
  } catch {
    return undefined;
  }
}
