/**
 * Order of strings by their UTF-8 bytes, which is their order by code points: how S3 lists keys and how
 * SQLite compares text. JavaScript compares UTF-16 units, which differs once a string goes beyond U+FFFF.
 */

const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;
const LAST_CODE_POINT = 0x10ffff;

/** Negative, zero or positive, as Array.prototype.sort wants it. */
export function compareUtf8(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    // Only a surrogate sorts elsewhere than its unit says: above all of the basic plane.
    if (a !== b) return rankUnit(a) - rankUnit(b);
  }
  return left.length - right.length;
}

/**
 * The least string above every string that begins with `prefix`; undefined when there is none. It ends in
 * the next code point, so it may be no string that a client would send.
 */
export function prefixSuccessor(prefix: string): string | undefined {
  const codePoints = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (codePoints.length > 0) {
    const last = codePoints.pop() ?? LAST_CODE_POINT;
    if (last === LAST_CODE_POINT) continue;
    const next = last + 1 === FIRST_SURROGATE ? AFTER_SURROGATES : last + 1;
    return String.fromCodePoint(...codePoints, next);
  }
  return undefined;
}

function rankUnit(unit: number): number {
  return unit >= FIRST_SURROGATE && unit < AFTER_SURROGATES ? unit + 0x10000 : unit;
}
