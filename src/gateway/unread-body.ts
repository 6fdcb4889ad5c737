/** Larger bodies come with `Expect: 100-continue` from clients that care for the answer. */
const MAX_DRAINED_BYTES = 8 * 1024 ** 2;
/** Who sends slower than this does not get to hold the answer up. */
const PATIENCE_MS = 3_000;

/**
 * Reads what a refused request still sends. Without it the connection is reset when the answer ends, and a
 * client that writes before it reads sees a broken pipe instead of the error.
 */
export async function drainUnreadBody(request: Request): Promise<void> {
  const { body, headers } = request;
  if (!body || request.bodyUsed || body.locked || headers.has("expect")) return;
  if (Number(headers.get("content-length") ?? 0) > MAX_DRAINED_BYTES) return;
  let drained = 0;
  const sink = new WritableStream<Uint8Array>({
    write(chunk) {
      drained += chunk.byteLength;
      // Nobody said how long it is.
      if (drained > MAX_DRAINED_BYTES) throw new Error("too much");
    },
  });
  await body.pipeTo(sink, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch(() => undefined);
}
