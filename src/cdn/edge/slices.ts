import { type ByteSpan, parseContentRange } from "../engine/ranges.ts";
import { SLICE_BYTES } from "../engine/stored-response.ts";
import { isSameTag, isStrongTag } from "../engine/validation.ts";
import type { OriginAnswer } from "../origin/call-origin.ts";
import { OriginError } from "../origin/origin-request.ts";
import { putSlice } from "../store/body-recorder.ts";
import { matchEntry } from "../store/location-cache.ts";
import { responseStore } from "../store/response-store.ts";
import type { Variant } from "../store/variant.ts";
import { askOrigin } from "./ask-origin.ts";
import { awaitShared } from "./flights.ts";
import type { Passage } from "./passage.ts";

/** Slices on their way from origins to this isolate. Bytes are plain values: requests may share them. */
const fetching = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** Slices that were at hand when the answer began, by number. */
export type KnownSlices = ReadonlyMap<number, Uint8Array<ArrayBuffer>>;

/**
 * A span of a body that is kept in slices: those of them that the location lacks come from the origin, whole, and
 * stay. The next one is fetched while one is sent. A representation that has changed meanwhile breaks the answer
 * off, and is forgotten.
 */
export function openSlices(
  passage: Passage,
  variant: Variant,
  span: ByteSpan,
  known: KnownSlices = new Map(),
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(span.last - span.first + 1);
  const writer = writable.getWriter();
  writer.closed.catch(() => undefined);
  const last = Math.floor(span.last / SLICE_BYTES);
  const get = (number: number) => known.get(number) ?? readSlice(passage, variant, number);
  const send = async () => {
    let next = get(Math.floor(span.first / SLICE_BYTES));
    for (let number = Math.floor(span.first / SLICE_BYTES); number <= last; number++) {
      const slice = await next;
      if (number < last) {
        next = get(number + 1);
        // It is awaited in the next round; should this one end before, nobody misses it.
        if (next instanceof Promise) next.catch(() => undefined);
      }
      const start = number * SLICE_BYTES;
      await writer.write(slice.subarray(Math.max(0, span.first - start), span.last - start + 1));
    }
    await writer.close();
  };
  passage.ports.defer(send().catch((error: unknown) => writer.abort(error).catch(() => undefined)));
  return readable;
}

async function readSlice(passage: Passage, variant: Variant, number: number): Promise<Uint8Array<ArrayBuffer>> {
  const { bodyId, length } = variant.stored;
  const name = `${bodyId}/${number}`;
  const size = Math.min(SLICE_BYTES, length - number * SLICE_BYTES);
  const entry = await matchEntry("slice", name);
  const stored = entry && (await entry.arrayBuffer().catch(() => undefined));
  if (stored?.byteLength === size) return new Uint8Array(stored);
  const underWay = fetching.get(name);
  const shared = underWay && (await awaitShared(underWay));
  if (shared) return shared;
  const work = fetchSlice(passage, variant, number, size).finally(() => fetching.delete(name));
  fetching.set(name, work);
  passage.ports.defer(work.catch(() => undefined));
  return work;
}

async function fetchSlice(
  passage: Passage,
  variant: Variant,
  number: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const { bodyId, length } = variant.stored;
  const first = number * SLICE_BYTES;
  const span = { first, last: first + size - 1 };
  const answer = await askForSpan(passage, span, variant.headers);
  const { response } = answer;
  const sent = parseContentRange(response.headers.get("content-range"));
  const isSame =
    response.status === 206 &&
    sent?.first === span.first &&
    sent.last === span.last &&
    sent.total === length &&
    hasSameValidator(variant.headers, response.headers);
  if (!isSame) {
    await answer.watch.giveUp(response);
    await responseStore.remove(passage.key.text);
    throw new Error("The origin has another representation now.");
  }
  const bytes = await readExactly(response, size, () => answer.watch.touch());
  answer.watch.end();
  passage.ports.defer(putSlice(bodyId, number, bytes));
  return bytes;
}

/** Asks for a span; of the very representation that `current` describes, where it is given. */
export function askForSpan(passage: Passage, { first, last }: ByteSpan, current?: Headers): Promise<OriginAnswer> {
  const validator = current && strongValidator(current);
  const fields: [string, string][] = [["range", `bytes=${first}-${last}`]];
  if (validator) fields.push(["if-range", validator]);
  return askOrigin(passage, { method: "GET", fields });
}

/** What tells one representation from another for sure; null when a response has nothing of the kind. */
export function strongValidator(headers: Headers): string | null {
  const etag = headers.get("etag");
  return isStrongTag(etag) ? etag : headers.get("last-modified");
}

function hasSameValidator(stored: Headers, received: Headers): boolean {
  const etag = stored.get("etag");
  return isStrongTag(etag)
    ? isSameTag(etag, received.get("etag"))
    : stored.get("last-modified") === received.get("last-modified");
}

/**
 * Reads a body that must have `size` bytes.
 * @throws {OriginError} where it has more or fewer, or breaks off.
 */
export async function readExactly(
  response: Response,
  size: number,
  onBytes: () => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  let length = 0;
  try {
    for await (const chunk of response.body ?? []) {
      if (length + chunk.byteLength > size) throw brokenOff("sent more than it said");
      bytes.set(chunk, length);
      length += chunk.byteLength;
      onBytes();
    }
  } catch (error) {
    throw error instanceof OriginError ? error : brokenOff("broke off its answer");
  }
  if (length !== size) throw brokenOff("sent less than it said");
  return bytes;
}

function brokenOff(how: string): OriginError {
  return new OriginError(502, `The origin ${how}.`, "OriginReadError");
}
