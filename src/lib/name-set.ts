/**
 * A set of names in two bytes each (a Bloom filter): it has all that was put into it, and one in some hundreds of what
 * was not. The first four bytes are the number of bits.
 */
export type NameSet = Uint8Array<ArrayBuffer>;

const BITS_PER_NAME = 16;
const HASHES = 6;
/** However few there are: what is not among them must not pass by chance. */
const MIN_BITS = 4_096;
const HEAD_BYTES = 4;
const encoder = new TextEncoder();

export function buildNameSet(names: readonly string[]): NameSet {
  const size = Math.max(MIN_BITS, names.length * BITS_PER_NAME);
  const set = new Uint8Array(HEAD_BYTES + Math.ceil(size / 8));
  new DataView(set.buffer).setUint32(0, size);
  for (const name of names) {
    for (const bit of bitsOf(name, size)) set[HEAD_BYTES + (bit >> 3)]! |= 1 << (bit & 7);
  }
  return set;
}

/** False only where the name was not put into it. */
export function mayHave(set: NameSet, name: string): boolean {
  const size = new DataView(set.buffer, set.byteOffset).getUint32(0);
  return bitsOf(name, size).every((bit) => ((set[HEAD_BYTES + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** Two hashes make as many as are wanted (Kirsch and Mitzenmacher). */
function bitsOf(name: string, size: number): number[] {
  const bytes = encoder.encode(name);
  const first = fnv1a(bytes, 0x811c9dc5);
  // Odd, so that the steps do not fall together.
  const step = fnv1a(bytes, 0x1b873593) | 1;
  return Array.from({ length: HASHES }, (_, n) => ((first + Math.imul(n, step)) >>> 0) % size);
}

/** FNV-1a with 32 bits, stirred at the end: short names that differ little should not lie side by side. */
function fnv1a(bytes: Uint8Array, basis: number): number {
  let hash = basis;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}
