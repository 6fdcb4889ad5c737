/** The id of a version that was written while versioning was off or suspended: a key has at most one. */
export const NULL_VERSION = "null";

const RANDOM_BYTES = 18;
const SEQUENCE_BYTES = 6;
const POSITION = "at.";
/** What S3 calls a version id, whoever minted it. */
const VERSION_ID = /^[A-Za-z0-9._-]{32}$/;

/**
 * An id for the version that an index made at `sequence`: 32 characters, random but for the sequence, which is
 * hidden in them. So the row of a version, and the place after it in a listing, are found without an index of ids.
 */
export function mintVersionId(sequence: number): string {
  const bytes = Buffer.alloc(RANDOM_BYTES + SEQUENCE_BYTES);
  crypto.getRandomValues(bytes.subarray(0, RANDOM_BYTES));
  // The first character is then a letter: programs take an argument that begins with a hyphen for an option.
  bytes[0]! &= 0x7f;
  bytes.writeUIntBE(sequence, RANDOM_BYTES, SEQUENCE_BYTES);
  maskSequence(bytes);
  return bytes.toString("base64url");
}

/** The sequence in an id; some number for an id that was not minted here, undefined where there can be none. */
export function readVersionSequence(versionId: string): number | undefined {
  if (!/^[A-Za-z0-9_-]{32}$/.test(versionId)) return undefined;
  const bytes = Buffer.from(versionId, "base64url");
  maskSequence(bytes);
  return bytes.readUIntBE(RANDOM_BYTES, SEQUENCE_BYTES);
}

/**
 * What names the place of a version in a listing where its id does not: a replica's sequence, a fraction, is not in
 * its id, and the version may be gone before the next page is asked for. It has the form of a version id.
 */
export function formatPosition(sequence: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(sequence);
  return (POSITION + bytes.toString("hex")).padEnd(32, ".");
}

/** The sequence in what `formatPosition` made. */
export function readPosition(text: string): number | undefined {
  const [, digits] = /^at\.([0-9a-f]{16})\.{13}$/.exec(text) ?? [];
  return digits === undefined ? undefined : Buffer.from(digits, "hex").readDoubleBE();
}

/** Whether the text can be the id of a version, `null` among them. */
export function isVersionId(text: string): boolean {
  return text === NULL_VERSION || VERSION_ID.test(text);
}

function maskSequence(bytes: Buffer): void {
  for (let at = 0; at < SEQUENCE_BYTES; at++) bytes[RANDOM_BYTES + at]! ^= bytes[at]!;
}
