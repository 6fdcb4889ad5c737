const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Ids of a response as S3 has them: 16 characters, and a longer opaque one for support. */
export function createRequestIds(): { requestId: string; hostId: string } {
  const random = crypto.getRandomValues(new Uint8Array(16 + 48));
  let requestId = "";
  for (const byte of random.subarray(0, 16)) requestId += ALPHABET[byte & 31];
  return { requestId, hostId: btoa(String.fromCharCode(...random.subarray(16))) };
}
