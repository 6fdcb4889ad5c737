/** The beginning of a request's body, and the body as it was. */
export interface BodyPrefix {
  readonly prefix: Uint8Array<ArrayBuffer>;
  /** Whether there is nothing after it. */
  readonly isAll: boolean;
  readonly whole: ReadableStream<Uint8Array>;
  /** Aborted when the body breaks off, where its stream alone cannot say so. */
  readonly broken?: AbortSignal;
}

/**
 * Reads a body up to `limit` bytes, of which nothing is lost: `whole` begins anew. It has the length that the headers
 * told. Without one, the platform ends a request whose stream fails as if it were whole: `broken` is to abort it.
 */
export async function readPrefix(
  body: ReadableStream<Uint8Array>,
  limit: number,
  headers: Headers,
): Promise<BodyPrefix> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  let done = false;
  while (!done && length <= limit) {
    const read = await reader.read();
    done = read.done;
    if (!read.value) continue;
    chunks.push(read.value);
    length += read.value.byteLength;
  }
  const bytes = Buffer.concat(chunks, length);
  const isAll = done && length <= limit;
  const prefix = bytes.subarray(0, limit);
  if (done) return { prefix, isAll, whole: streamBytes(bytes) };
  const known = readLength(headers);
  if (known !== undefined) {
    const { readable, writable } = new FixedLengthStream(known);
    const writer = writable.getWriter();
    void pass(bytes, reader, writer, (reason) => void writer.abort(reason).catch(() => undefined));
    return { prefix, isAll, whole: readable };
  }
  const { readable, writable } = new IdentityTransformStream();
  const controller = new AbortController();
  void pass(bytes, reader, writable.getWriter(), (reason) => controller.abort(reason));
  return { prefix, isAll, whole: readable, broken: controller.signal };
}

/** A body whose length the origin is told. */
export function streamBytes(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(bytes.byteLength);
  const writer = writable.getWriter();
  // Nobody may want it.
  void Promise.all([writer.write(bytes), writer.close()]).catch(() => undefined);
  return readable;
}

function readLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length !== null && /^\d{1,15}$/.test(length) && !headers.has("transfer-encoding") ? Number(length) : undefined;
}

async function pass(
  begun: Uint8Array,
  rest: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  onBroken: (reason: unknown) => void,
): Promise<void> {
  writer.closed.catch(() => undefined);
  try {
    await writer.write(begun);
    for (;;) {
      const { done, value } = await rest.read();
      if (done) break;
      await writer.write(value);
    }
    await writer.close();
  } catch (error) {
    onBroken(error);
    await rest.cancel(error).catch(() => undefined);
  }
}
