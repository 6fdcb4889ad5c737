/**
 * The whole of a stream; undefined, with the rest unread, when it has more than `limit` bytes. With a `length`
 * within the limit, which HTTP holds a body to, it is read in one piece.
 */
export async function readBounded(
  stream: ReadableStream<Uint8Array> | null,
  limit: number,
  length = Infinity,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (length <= limit) {
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    return bytes.byteLength > limit ? undefined : bytes;
  }
  return readCounting(stream, limit);
}

async function readCounting(
  stream: ReadableStream<Uint8Array> | null,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (length > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Reads a stream that nobody wants to its end, but not beyond `limit` bytes. */
export async function discard(stream: ReadableStream<Uint8Array> | null, limit: number): Promise<void> {
  let length = 0;
  for await (const chunk of stream ?? []) {
    length += chunk.byteLength;
    if (length > limit) return;
  }
}
