/** Something that watches a body go by and can refuse it. */
export interface StreamVerifier {
  /** Takes the next bytes; returns what flows on. Throws to fail the stream. */
  push(bytes: Uint8Array): readonly Uint8Array[];
  /** Called at the end of the body, before its end is told. Throws to fail the stream. */
  finish(): void;
}

/**
 * Lets a body through a verifier, at the reader's pace and without copies.
 *
 * Bytes flow before all of them are verified, but the last piece is held back until the verifier
 * agrees: a consumer that expects a known length, such as an R2 put behind a FixedLengthStream,
 * can never complete with a body that fails.
 *
 * The body is left alone until somebody reads: of a request that is refused before, it can still be drained.
 */
export function verifyStream(body: ReadableStream<Uint8Array>, verifier: StreamVerifier): ReadableStream<Uint8Array> {
  let opened: Source | undefined;
  const open = () => (opened ??= openSource(body));
  let held: Uint8Array | undefined;

  /** Reads until there is something to pass on. */
  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const source = open();
    for (let passedOn = false; !passedOn;) {
      const bytes = await source.read();
      if (bytes === undefined) {
        verifier.finish();
        if (held) controller.enqueue(held);
        controller.close();
        return;
      }
      for (const piece of verifier.push(bytes)) {
        // Holding an empty piece back would hold nothing back.
        if (piece.byteLength === 0) continue;
        if (held) {
          controller.enqueue(held);
          passedOn = true;
        }
        held = piece;
      }
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          await pull(controller);
        } catch (error) {
          // The rest of the body is of no use; its source may have failed already.
          open()
            .cancel(error)
            .catch(() => undefined);
          throw error;
        }
      },
      cancel: (reason) => open().cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

interface Source {
  /** The next bytes, or undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  cancel(reason: unknown): Promise<void>;
}

const FIRST_READ_BYTES = 8 * 1_024;
const MAX_READ_BYTES = 64 * 1_024;

/**
 * Reads a body in pieces of up to 64 KB. workerd gives a default reader 4 KB at a time, and the
 * hops cost three quarters of the throughput: so buffers are brought along where the stream takes
 * them, beginning small because most bodies are.
 */
function openSource(body: ReadableStream<Uint8Array>): Source {
  const reader = tryByobReader(body);
  if (!reader) {
    const plain = body.getReader();
    return { read: async () => (await plain.read()).value, cancel: (reason) => plain.cancel(reason) };
  }
  let size = FIRST_READ_BYTES;
  return {
    async read() {
      const { done, value } = await reader.read(new Uint8Array(size));
      if (done) return undefined;
      if (value.byteLength === size) size = Math.min(size * 4, MAX_READ_BYTES);
      return value;
    },
    cancel: (reason) => reader.cancel(reason),
  };
}

function tryByobReader(body: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch {
    // Not a byte stream: one made of another stream's chunks, as in tests.
    return undefined;
  }
}
