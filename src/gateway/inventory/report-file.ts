import { createHash } from "node:crypto";

/** What a stream has brought, once it is at its end. */
export interface Measured {
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
}

/** Compresses texts (RFC 1952) as they are read: nothing is made before somebody reads, and little is held. */
export function compressTexts(texts: AsyncIterator<string>): {
  readonly stream: ReadableStream<Uint8Array>;
  readonly measure: () => Measured;
} {
  const gzip = new CompressionStream("gzip");
  const pumped = pump(texts, gzip.writable.getWriter());
  const reader = gzip.readable.getReader();
  const hash = createHash("md5");
  let size = 0;
  // A stream made in JavaScript, which R2 takes; it fails with what the texts failed with.
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done) {
          await pumped;
          controller.close();
          return;
        }
        hash.update(value);
        size += value.byteLength;
        controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { stream, measure: () => ({ size, md5: hash.digest("hex") }) };
}

function pump(texts: AsyncIterator<string>, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  const encoder = new TextEncoder();
  const work = (async () => {
    for (let next = await texts.next(); !next.done; next = await texts.next()) {
      await writer.write(encoder.encode(next.value));
    }
    await writer.close();
  })();
  // Whoever reads hears of it; awaited by nobody it would end the isolate.
  work.catch((error: unknown) => writer.abort(error).catch(() => undefined));
  return work;
}
