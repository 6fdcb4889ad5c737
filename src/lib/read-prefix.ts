/** The beginning of a stream, and the stream as it was. */
export interface Prefix {
  readonly prefix: Uint8Array<ArrayBuffer>;
  /** Whether there is nothing after it. */
  readonly isAll: boolean;
  readonly whole: ReadableStream<Uint8Array>;
}

/** Reads a stream up to `limit` bytes, of which nothing is lost: `whole` begins anew. */
export async function readPrefix(stream: ReadableStream<Uint8Array>, limit: number): Promise<Prefix> {
  const reader = stream.getReader();
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
  const whole = new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      if (done) controller.close();
    },
    async pull(controller) {
      const read = await reader.read();
      if (read.done) controller.close();
      else controller.enqueue(read.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { prefix: bytes.subarray(0, limit), isAll: done && length <= limit, whole };
}
