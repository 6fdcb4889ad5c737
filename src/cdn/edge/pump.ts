import type { OriginAnswer } from "../origin/call-origin.ts";
import type { BodyRecorder, RecordedBody } from "../store/body-recorder.ts";

/** How far an answer may run ahead of its viewer, so that a slow one does not hold up the store. */
const AHEAD_BYTES = 1024 * 1024;

/** How long a body is stored on that nobody waits for: as long as the platform lets work go on after an answer. */
const UNWATCHED_MS = 30_000;

/** A body on its way to a viewer while it is stored. */
export interface Pumped {
  /** For the viewer. */
  readonly body: ReadableStream<Uint8Array>;
  /** Ends when the origin's last byte is stored; undefined when nothing was. Never fails. */
  readonly recorded: Promise<RecordedBody | undefined>;
}

/**
 * Takes a body apart for its viewer and the store. A viewer who leaves does not end the storing; a store that
 * fails does not end the answer; a body that breaks off breaks the answer off and stores nothing.
 * @param length Content-Length, where it is known
 */
export function pumpBody(
  answer: OriginAnswer,
  source: ReadableStream<Uint8Array>,
  length: number | undefined,
  recorder: BodyRecorder | undefined,
): Pumped {
  const { readable, writable } = length === undefined ? new IdentityTransformStream() : new FixedLengthStream(length);
  const viewer = new ViewerSink(writable.getWriter());
  return { body: readable, recorded: pump(answer, source, recorder, viewer) };
}

/** The same for a viewer who waits for all of it. */
export function storeBody(
  answer: OriginAnswer,
  source: ReadableStream<Uint8Array>,
  recorder: BodyRecorder,
): Promise<RecordedBody | undefined> {
  return pump(answer, source, recorder, undefined);
}

/** The same for nobody but the store. */
export function storeUnwatched(
  answer: OriginAnswer,
  source: ReadableStream<Uint8Array>,
  recorder: BodyRecorder,
): Promise<RecordedBody | undefined> {
  return pump(answer, source, recorder, undefined, Date.now());
}

async function pump(
  { watch }: OriginAnswer,
  source: ReadableStream<Uint8Array>,
  recorder: BodyRecorder | undefined,
  viewer: ViewerSink | undefined,
  unwatchedSince = Infinity,
): Promise<RecordedBody | undefined> {
  const reader = source.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      watch.touch();
      const stored = recorder?.write(value);
      if (stored) await stored;
      if (viewer?.isWatching) await viewer.write(value);
      else if (!recorder || Date.now() > (viewer?.leftAt ?? unwatchedSince) + UNWATCHED_MS) {
        throw new Error("Nobody wants the rest.");
      }
      // Waiting for the viewer is no silence of the origin.
      watch.touch();
    }
    await viewer?.close();
    return await recorder?.finish();
  } catch (error) {
    await Promise.all([reader.cancel(error).catch(() => undefined), viewer?.abort(error), recorder?.abort()]);
    return undefined;
  } finally {
    watch.end();
  }
}

/** The bytes of a viewer's answer: ahead of it by so much, and no further. */
class ViewerSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #ahead = 0;
  #leftAt = Infinity;
  #wake: (() => void) | undefined;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array>) {
    this.#writer = writer;
    writer.closed.catch(() => this.#leave());
  }

  get isWatching(): boolean {
    return this.#leftAt === Infinity;
  }

  /** In milliseconds since the epoch; infinite while the viewer is there. */
  get leftAt(): number {
    return this.#leftAt;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#ahead += bytes.byteLength;
    void this.#send(bytes);
    while (this.#ahead > AHEAD_BYTES && this.isWatching) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #send(bytes: Uint8Array): Promise<void> {
    try {
      await this.#writer.write(bytes);
      this.#ahead -= bytes.byteLength;
      this.#wake?.();
    } catch {
      this.#leave();
    }
  }

  async close(): Promise<void> {
    if (this.isWatching) await this.#writer.close().catch(() => undefined);
  }

  async abort(reason: unknown): Promise<void> {
    await this.#writer.abort(reason).catch(() => undefined);
  }

  #leave(): void {
    this.#leftAt = Math.min(this.#leftAt, Date.now());
    this.#wake?.();
  }
}
