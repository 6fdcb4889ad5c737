/**
 * Looks at every byte of an upload on its way. One transform for all hashers of a body, so that each chunk
 * enters JavaScript once.
 */

/** Takes the bytes of a body in pieces. */
export interface ByteSink {
  update(bytes: Uint8Array): void;
}

/**
 * The same bytes, fed to every hasher. After the last one `verify` is told their number; when it throws,
 * the stream fails with that error instead of ending, and with it whatever is reading.
 */
export function hashThrough(
  source: ReadableStream<Uint8Array>,
  hashers: readonly ByteSink[],
  verify: (size: number) => void | Promise<void>,
): ReadableStream<Uint8Array> {
  let size = 0;
  const transform = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      for (const hasher of hashers) hasher.update(chunk);
      controller.enqueue(chunk);
    },
    flush: () => verify(size),
  });
  return source.pipeThrough(transform);
}
