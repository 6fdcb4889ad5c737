import { type ByteSpan } from "../engine/ranges.ts";
import { attachBodies, decodeIndex, encodeEntry, INDEX_FIELD } from "./index-entry.ts";
import { deleteEntry, matchEntry, putEntry } from "./location-cache.ts";
import { MemoryTier } from "./memory-tier.ts";
import { type Body, Variant } from "./variant.ts";

/** Of an isolate's 128 MB. */
const MEMORY_BYTES = 24 * 1024 * 1024;
/** How long this isolate goes without looking at what others of its location have stored or removed. */
const MEMORY_MS = 5_000;
/** Bodies up to this ride in the index entry: a hit of a cold isolate reads the location once. */
export const INLINE_BODY_BYTES = 64 * 1024;
/** Bodies up to this stay in memory once they are asked for again; larger ones stream as fast from the location. */
const MEMORY_BODY_BYTES = 512 * 1024;
/** Of one key; the oldest leave. */
const MAX_VARIANTS = 32;
const MAX_INLINE_TOTAL_BYTES = 512 * 1024;
/** How many bodies are remembered as sent once. */
const MAX_STREAMED = 10_000;

/**
 * What one location has stored, behind this isolate's memory: an index entry for each cache key with all its
 * variants, and immutable bodies. Writing an entry never touches bodies, so that a 304 costs one small write.
 */
class ResponseStore {
  readonly #memory = new MemoryTier(MEMORY_BYTES);
  /** Ids of inline bodies that went from the location to a viewer without being read. */
  readonly #streamed = new Set<string>();
  /** False where the location keeps nothing (workers.dev): memory is all there is then, and need not look further. */
  #locationKeeps: boolean | undefined;

  /** The variants that this isolate holds, without waiting. */
  peek(key: string, now: number): readonly Variant[] | undefined {
    return this.#memory.get(key, now);
  }

  /**
   * The variants that the location has stored, with their inline bodies. With `mayStream` a body that this isolate reads
   * for the first time may be left unread, and is then not in memory: most of what is asked for once is not asked for
   * again, and a body that JavaScript never sees costs half. Whoever does not send it on has to `keep` it.
   */
  async read(key: string, mayStream: boolean): Promise<readonly Variant[]> {
    const entry = await matchEntry("index", key);
    const stored = entry && decodeIndex(key, entry.headers.get(INDEX_FIELD));
    if (!stored) {
      await entry?.body?.cancel();
      return [];
    }
    const variants = stored.map((response) => new Variant(response));
    const [sole, second] = variants.filter(({ stored: { form } }) => form === "inline");
    if (mayStream && sole && !second && this.#isToBeStreamed(sole, entry)) {
      sole.unread = entry.body ?? undefined;
      return variants;
    }
    if (!attachBodies(variants, await readBytes(entry))) return [];
    this.#remember(key, variants);
    return variants;
  }

  /** Reads what `read` has left unread. False when the location breaks off. */
  async keep(key: string, variants: readonly Variant[]): Promise<boolean> {
    for (const variant of variants) {
      const { unread } = variant;
      if (!unread) continue;
      variant.unread = undefined;
      if (!attachBodies([variant], await readBytes(new Response(unread)))) return false;
      this.#remember(key, variants);
    }
    return true;
  }

  /** Replaces the variants of a key: in memory at once, in the location when the promise ends. */
  async write(key: string, variants: readonly Variant[]): Promise<void> {
    const kept = limitVariants(variants);
    this.#remember(key, kept);
    const entry = encodeEntry(key, kept);
    // What was there before must not outlive what cannot be stored.
    if (!entry) return deleteEntry("index", key);
    await putEntry("index", key, entry.body, entry.body.byteLength, { [INDEX_FIELD]: entry.index });
    this.#locationKeeps ??= await probeLocation(key);
  }

  async remove(key: string): Promise<void> {
    this.#memory.delete(key);
    await deleteEntry("index", key);
  }

  /** Drops what this isolate holds of a key, so that the location is asked. */
  forget(key: string): void {
    this.#memory.delete(key);
  }

  /**
   * The body of a variant that is not sliced, or the span of it; undefined when the location has lost it.
   * Positions are those of the stored body.
   */
  async openBody(key: string, variant: Variant, span: ByteSpan): Promise<Body | undefined> {
    const { bodyId, form, length } = variant.stored;
    const whole = span.first === 0 && span.last === length - 1;
    const isWorthMemory = variant.wasStreamed || !whole;
    if (form === "whole" && !variant.bytes && isWorthMemory && isHeldInMemory(length)) await this.#hold(key, variant);
    if (variant.bytes) return whole ? variant.bytes : variant.bytes.subarray(span.first, span.last + 1);
    const range = whole ? undefined : `bytes=${span.first}-${span.last}`;
    const entry = await matchEntry("body", bodyId, range);
    if (!entry?.body) return undefined;
    if (!hasLength(entry, span.last - span.first + 1)) {
      await entry.body.cancel();
      return undefined;
    }
    variant.wasStreamed = true;
    return entry.body;
  }

  async #hold(key: string, variant: Variant): Promise<void> {
    const { bodyId, length } = variant.stored;
    const entry = await matchEntry("body", bodyId);
    const bytes = entry && new Uint8Array(await readBytes(entry));
    if (bytes?.byteLength !== length) return;
    variant.bytes = bytes;
    this.#memory.recount(key);
  }

  #isToBeStreamed({ stored: { bodyId, length } }: Variant, entry: Response): boolean {
    if (length === 0 || !hasLength(entry, length) || this.#streamed.has(bodyId)) return false;
    if (this.#streamed.size >= MAX_STREAMED) this.#streamed.clear();
    this.#streamed.add(bodyId);
    return true;
  }

  #remember(key: string, variants: readonly Variant[]): void {
    const lifetime = this.#locationKeeps === false ? Infinity : MEMORY_MS;
    this.#memory.set(key, variants, Date.now() + lifetime);
  }
}

/** The store of this isolate. */
export const responseStore = new ResponseStore();

/** Whether a body of this length stays in the isolate's memory. */
export function isHeldInMemory(length: number): boolean {
  return length <= MEMORY_BODY_BYTES;
}

function hasLength({ headers }: Response, length: number): boolean {
  return headers.get("content-length") === String(length);
}

function limitVariants(variants: readonly Variant[]): Variant[] {
  let inline = 0;
  return variants.slice(0, MAX_VARIANTS).filter(({ stored }) => {
    if (stored.form !== "inline") return true;
    inline += stored.length;
    return inline <= MAX_INLINE_TOTAL_BYTES;
  });
}

async function probeLocation(key: string): Promise<boolean> {
  const entry = await matchEntry("index", key);
  await entry?.body?.cancel();
  return entry !== undefined;
}

/** What could not be read to its end counts as nothing. */
async function readBytes(entry: Response): Promise<ArrayBuffer> {
  try {
    return await entry.arrayBuffer();
  } catch {
    return new ArrayBuffer(0);
  }
}
