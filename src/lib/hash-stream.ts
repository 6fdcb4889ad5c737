import { ByteReader } from "./byte-reader.ts";

/**
 * Looks at every byte of an upload on its way. All hashers of a body share one stage, so that its bytes
 * enter JavaScript once, in large blocks. A stream that pulls costs about a tenth of the throughput of a
 * native pipe to R2, a TransformStream almost half; unlike an IdentityTransformStream it can be piped into
 * a FixedLengthStream, and whoever reads gets the very error that was thrown.
 */

/** Takes the bytes of a body in pieces. */
export interface ByteSink {
  update(bytes: Uint8Array): void;
}

const BLOCK_BYTES = 64 * 1024;

/**
 * The same bytes, fed to every hasher. After the last one `verify` is told their number; when it throws,
 * the stream fails with that error instead of ending, and with it whatever is reading.
 */
export function hashThrough(
  source: ReadableStream<Uint8Array>,
  hashers: readonly ByteSink[],
  verify: (size: number) => void | Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = new ByteReader(source);
  let size = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const block = await reader.read(BLOCK_BYTES);
        if (!block) {
          await verify(size);
          controller.close();
          return;
        }
        size += block.byteLength;
        for (const hasher of hashers) hasher.update(block);
        controller.enqueue(block);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is read ahead: bytes wait where they are until somebody wants them.
    { highWaterMark: 0 },
  );
}
