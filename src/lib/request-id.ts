const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_BYTES = 16;
const HOST_ID_BYTES = 48;
/** Base64 takes four characters for three bytes. */
const HOST_ID_LENGTH = (HOST_ID_BYTES / 3) * 4;
/** Drawn for many requests at once: asking the platform for randomness costs more than using it. */
const BATCH = 64;

const idBytes = new Uint8Array(BATCH * ID_BYTES);
let hostIds = "";
let used = BATCH;

/** Ids of a response as S3 has them: 16 characters, and a longer opaque one for support. */
export function createRequestIds(): { requestId: string; hostId: string } {
  if (used === BATCH) drawBatch();
  const position = used++;
  let requestId = "";
  for (let index = 0; index < ID_BYTES; index++) requestId += ALPHABET[idBytes[position * ID_BYTES + index]! & 31];
  return { requestId, hostId: hostIds.slice(position * HOST_ID_LENGTH, (position + 1) * HOST_ID_LENGTH) };
}

function drawBatch(): void {
  crypto.getRandomValues(idBytes);
  hostIds = Buffer.from(crypto.getRandomValues(new Uint8Array(BATCH * HOST_ID_BYTES))).toString("base64");
  used = 0;
}
