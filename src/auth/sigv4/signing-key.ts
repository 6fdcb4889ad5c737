import { createHmac, timingSafeEqual } from "node:crypto";

/** Enough for the keys that one isolate sees in a day; an entry is about 200 bytes. */
const CACHE_LIMIT = 1_000;

interface CachedKey {
  readonly secretAccessKey: string;
  readonly signingKey: Uint8Array;
}

const cache = new Map<string, CachedKey>();
const encoder = new TextEncoder();

/**
 * The key that signs for one day, region and service: four HMACs, so it is kept. The cache
 * compares the secret itself, so a rotated key is never served from it, and drops the oldest entry.
 */
export function getSigningKey(
  accessKeyId: string,
  secretAccessKey: string,
  date: string,
  region: string,
  service: string,
): Uint8Array {
  const id = `${accessKeyId}\n${date}\n${region}\n${service}`;
  const cached = cache.get(id);
  if (cached?.secretAccessKey === secretAccessKey) return cached.signingKey;
  const signingKey = deriveSigningKey(secretAccessKey, date, region, service);
  cache.delete(id);
  if (cache.size >= CACHE_LIMIT) dropOldest();
  cache.set(id, { secretAccessKey, signingKey });
  return signingKey;
}

/** HMAC-SHA256 of text, in lower-case hex. */
export function signText(signingKey: Uint8Array, text: string): string {
  return createHmac("sha256", signingKey).update(text).digest("hex");
}

/** Compares signatures in constant time; their lengths are no secret. */
export function equalSignatures(expected: string, provided: string): boolean {
  const a = encoder.encode(expected);
  const b = encoder.encode(provided);
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

function deriveSigningKey(secret: string, date: string, region: string, service: string): Uint8Array {
  const dateKey = hmac(`AWS4${secret}`, date);
  const regionKey = hmac(dateKey, region);
  const serviceKey = hmac(regionKey, service);
  return hmac(serviceKey, "aws4_request");
}

function hmac(key: string | Uint8Array, text: string): Uint8Array {
  return createHmac("sha256", key).update(text).digest();
}

function dropOldest(): void {
  for (const id of cache.keys()) {
    cache.delete(id);
    return;
  }
}
