/**
 * What a streamed invocation sends from its isolate to the host: the content type, chunks as they are written,
 * and the outcome last. Each frame is one byte of kind, four of length (big-endian), and the bytes.
 */

export const FRAME = { contentType: 0, chunk: 1, outcome: 2 } as const;

export interface Frame {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

const HEAD_LENGTH = 5;

export function encodeFrame(kind: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_LENGTH + bytes.byteLength);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, bytes.byteLength);
  frame.set(bytes, HEAD_LENGTH);
  return frame;
}

/** Ends without an outcome when the isolate breaks off. */
export async function* readFrames(stream: ReadableStream<Uint8Array>): AsyncGenerator<Frame, void> {
  let pending: Uint8Array = new Uint8Array(0);
  for await (const part of stream) {
    pending = join(pending, part);
    for (;;) {
      const frame = takeFrame(pending);
      if (frame === undefined) break;
      pending = pending.subarray(HEAD_LENGTH + frame.bytes.byteLength);
      yield frame;
    }
  }
}

function takeFrame(pending: Uint8Array): Frame | undefined {
  if (pending.byteLength < HEAD_LENGTH) return undefined;
  const length = new DataView(pending.buffer, pending.byteOffset).getUint32(1);
  if (pending.byteLength < HEAD_LENGTH + length) return undefined;
  return { kind: pending[0] ?? 0, bytes: pending.subarray(HEAD_LENGTH, HEAD_LENGTH + length) };
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.byteLength === 0) return other;
  const joined = new Uint8Array(one.byteLength + other.byteLength);
  joined.set(one);
  joined.set(other, one.byteLength);
  return joined;
}
