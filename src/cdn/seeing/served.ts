import { type AnswerNotes, readAnswerNotes } from "../edge/answer-notes.ts";
import type { CompiledDistribution } from "../edge/compile.ts";
import type { ViewerRequest } from "../edge/viewer.ts";

/** An answer to a viewer, as far as metrics and logs tell of it. */
export interface Served {
  readonly distribution: CompiledDistribution;
  readonly viewer: ViewerRequest;
  readonly response: Response;
  readonly notes: AnswerNotes;
  /** When the head of the answer was there. */
  readonly answeredAt: number;
  /** When the last byte was on its way to the viewer. */
  readonly endedAt: number;
  /** Of the body, as far as is known when the answer begins. */
  readonly bytes: number;
  /** The first word of X-Cache. */
  readonly result: string;
  /** Whether the viewer left before the end, or the body ended before it. */
  readonly isBrokenOff: boolean;
}

/** Up to here bodies are held in memory and sent in one piece. */
const ONE_PIECE_BYTES = 512 * 1024;

export function describeServed(distribution: CompiledDistribution, viewer: ViewerRequest, response: Response): Served {
  const { headers } = response;
  const cached = headers.get("x-cache") ?? "";
  const now = Date.now();
  const length = viewer.method === "HEAD" || response.status === 304 ? 0 : Number(headers.get("content-length") ?? 0);
  return {
    distribution,
    viewer,
    response,
    notes: readAnswerNotes(response),
    answeredAt: now,
    endedAt: now,
    bytes: Number.isFinite(length) ? length : 0,
    result: cached.slice(0, cached.indexOf(" ")),
    isBrokenOff: false,
  };
}

/**
 * Tells of an answer. At once where it is small enough to be one piece; otherwise when its body has ended, if it is to be logged
 * how much that was and how long it took, or if nobody knows its length before.
 */
export function observeServed(served: Served, tell: (served: Served) => void): Response {
  const { response, viewer, distribution } = served;
  const isKnown = viewer.method === "HEAD" || response.headers.has("content-length");
  const isOnePiece = served.bytes <= ONE_PIECE_BYTES || !distribution.config.Logging.Enabled;
  if (!response.body || (isKnown && isOnePiece)) {
    tell(served);
    return response;
  }
  let bytes = 0;
  const end = (isBrokenOff: boolean) => tell({ ...served, bytes, endedAt: Date.now(), isBrokenOff });
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
      flush: () => end(false),
      cancel: () => end(true),
    }),
  );
  const { status, statusText, headers } = response;
  const body = isKnown ? counted.pipeThrough(new FixedLengthStream(served.bytes)) : counted;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" });
}
