import type { XmlNode } from "../lib/xml.ts";

/**
 * Keys may contain control characters, and clients write them into documents as references (`&#x1;`), which
 * XML 1.0 forbids and its parsers refuse. So they are hidden from the parser behind characters that the
 * document does not contain, and put back afterwards.
 */

/** References to what XML 1.0 cannot carry; NUL too, which a key may contain like any other character. */
const REFERENCE = /&#(?:x0*([0-9a-f]{1,4})|0*(\d{1,5}));/gi;
const PRIVATE_USE = { first: 0xe000, last: 0xf8ff };
/** What a control character becomes after the marker: a letter-like character of its own. */
const STAND_IN = 0x100;

export interface HiddenControls {
  readonly source: string;
  readonly marker: string;
}

/** The document with forbidden references replaced; undefined in the ordinary case that it has none. */
export function hideControlReferences(bytes: Uint8Array): HiddenControls | undefined {
  if (!Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes("&#")) return undefined;
  const source = new TextDecoder("utf-8").decode(bytes);
  // Broken UTF-8 is the parser's to refuse.
  if (source.includes("\uFFFD")) return undefined;
  const marker = findMarker(source);
  let hidden = 0;
  const replaced = source.replace(REFERENCE, (reference, hexadecimal?: string, decimal?: string) => {
    const code = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    if (!isForbidden(code)) return reference;
    hidden += 1;
    return marker + String.fromCharCode(STAND_IN + code);
  });
  return hidden === 0 ? undefined : { source: replaced, marker };
}

/** The parsed document with its control characters back. */
export function restoreControls(node: XmlNode, marker: string): XmlNode {
  return {
    ...node,
    text: restore(node.text, marker),
    children: node.children.map((child) => restoreControls(child, marker)),
  };
}

function restore(text: string, marker: string): string {
  const [first = "", ...rest] = text.split(marker);
  return first + rest.map((part) => String.fromCharCode(part.charCodeAt(0) - STAND_IN) + part.slice(1)).join("");
}

/** A character that the document does not use. */
function findMarker(source: string): string {
  for (let code = PRIVATE_USE.first; code < PRIVATE_USE.last; code++) {
    const marker = String.fromCharCode(code);
    if (!source.includes(marker)) return marker;
  }
  return String.fromCharCode(PRIVATE_USE.last);
}

function isForbidden(code: number): boolean {
  return code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d;
}
