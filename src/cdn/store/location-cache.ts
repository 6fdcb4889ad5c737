import { createHash } from "node:crypto";

/**
 * `caches.default` as a plain store of bytes for this location. Its own idea of HTTP is incomplete (no Vary,
 * frozen Age, some statuses refused), so that everything lies in it as a 200 for a year under an address that no
 * request can have. Nothing here ever fails: a cache that fails is one that has nothing.
 */

const ORIGIN = "https://cdn.verge.invalid";
/** Longer names stand as their hash; the entry itself says which it is. */
const MAX_NAME_LENGTH = 1_500;

type EntryKind = "index" | "body" | "slice" | "snapshot" | "stamp";

export async function matchEntry(kind: EntryKind, name: string, range?: string): Promise<Response | undefined> {
  try {
    const url = addressOf(kind, name);
    return await caches.default.match(range === undefined ? url : new Request(url, { headers: { range } }));
  } catch {
    return undefined;
  }
}

/** Whether it was stored, as far as the platform tells. */
export async function putEntry(
  kind: EntryKind,
  name: string,
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | string,
  length?: number,
  fields: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const headers = {
    ...fields,
    "cache-control": "public, max-age=31536000",
    "content-type": typeof body === "string" ? "application/json" : "application/octet-stream",
    ...(length !== undefined && { "content-length": String(length) }),
  };
  try {
    await caches.default.put(addressOf(kind, name), new Response(body, { headers }));
    return true;
  } catch {
    return false;
  }
}

export async function deleteEntry(kind: EntryKind, name: string): Promise<void> {
  await caches.default.delete(addressOf(kind, name)).catch(() => false);
}

function addressOf(kind: EntryKind, name: string): string {
  const encoded = encodeURIComponent(name);
  if (encoded.length <= MAX_NAME_LENGTH) return `${ORIGIN}/${kind}/${encoded}`;
  return `${ORIGIN}/${kind}-hash/${createHash("sha256").update(name).digest("hex")}`;
}
