import type { CompiledDistribution } from "../edge/compile.ts";
import type { ViewerRequest } from "../edge/viewer.ts";

/** An answer to a viewer, as far as metrics and logs tell of it. */
export interface Served {
  readonly distribution: CompiledDistribution;
  readonly viewer: ViewerRequest;
  readonly response: Response;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** When the head of the answer was there. */
  readonly answeredAt: number;
  /** When the last byte was on its way to the viewer. */
  readonly endedAt: number;
  /** Of the body, as far as is known when the answer begins. */
  readonly bytes: number;
  /** The first word of X-Cache. */
  readonly result: string;
}

/** Up to here bodies are held in memory and sent in one piece. */
const ONE_PIECE_BYTES = 512 * 1024;
const ORIGIN_TIME = /(?:^|[ ,])(?:origin|cdn-upstream-fbl);dur=(\d+)/;

export function describeServed(
  distribution: CompiledDistribution,
  viewer: ViewerRequest,
  response: Response,
  startedAt: number,
): Served {
  const { headers } = response;
  const cached = headers.get("x-cache") ?? "";
  const now = Date.now();
  const length = viewer.method === "HEAD" || response.status === 304 ? 0 : Number(headers.get("content-length") ?? 0);
  return {
    distribution,
    viewer,
    response,
    startedAt,
    answeredAt: now,
    endedAt: now,
    bytes: Number.isFinite(length) ? length : 0,
    result: cached.slice(0, cached.indexOf(" ")),
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
  const end = () => tell({ ...served, bytes, endedAt: Date.now() });
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        controller.enqueue(chunk);
      },
      flush: end,
      cancel: end,
    }),
  );
  const { status, statusText, headers } = response;
  const body = isKnown ? counted.pipeThrough(new FixedLengthStream(served.bytes)) : counted;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" });
}

/** Milliseconds that the origin took, where it was asked. */
export function readOriginTime({ response }: Served): number | undefined {
  const time = ORIGIN_TIME.exec(response.headers.get("server-timing") ?? "")?.[1];
  return time === undefined ? undefined : Number(time);
}
