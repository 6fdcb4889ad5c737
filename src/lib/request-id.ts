const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_BYTES = 16;
const HOST_ID_BYTES = 48;
/** Drawn for many requests at once: asking the platform for randomness costs more than using it. */
const POOL_BYTES = 64 * (ID_BYTES + HOST_ID_BYTES);

const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Ids of a response as S3 has them: 16 characters, and a longer opaque one for support. */
export function createRequestIds(): { requestId: string; hostId: string } {
  let requestId = "";
  for (const byte of drawRandom(ID_BYTES)) requestId += ALPHABET[byte & 31];
  return { requestId, hostId: Buffer.from(drawRandom(HOST_ID_BYTES)).toString("base64") };
}

function drawRandom(length: number): Uint8Array {
  if (used + length > POOL_BYTES) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}
