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
 */
export function verifyStream(
  body: ReadableStream<Uint8Array>,
  verifier: StreamVerifier,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let held: Uint8Array | undefined;

  /** Reads until there is something to pass on. */
  async function pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (let passedOn = false; !passedOn;) {
      const { done, value } = await reader.read();
      if (done) {
        verifier.finish();
        if (held) controller.enqueue(held);
        controller.close();
        return;
      }
      for (const piece of verifier.push(value)) {
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
          reader.cancel(error).catch(() => undefined);
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
