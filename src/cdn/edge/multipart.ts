import { type ByteSpan, formatContentRange } from "../engine/ranges.ts";
import type { Body } from "../store/variant.ts";

export interface Multipart {
  readonly contentType: string;
  readonly length: number;
  readonly body: ReadableStream<Uint8Array>;
}

/** Several ranges in one answer (RFC 9110 section 14.6), opened one after the other. */
export function openMultipart(
  spans: readonly ByteSpan[],
  total: number,
  contentType: string | null,
  open: (span: ByteSpan) => Promise<Body | undefined>,
  defer: (work: Promise<unknown>) => void,
): Multipart {
  const boundary = crypto.randomUUID().replaceAll("-", "");
  const encoder = new TextEncoder();
  const parts = spans.map((span, position) => {
    const lines = [
      `${position === 0 ? "" : "\r\n"}--${boundary}`,
      ...(contentType === null ? [] : [`Content-Type: ${contentType}`]),
      `Content-Range: ${formatContentRange(span, total)}`,
      "",
      "",
    ];
    return { span, head: encoder.encode(lines.join("\r\n")) };
  });
  const end = encoder.encode(`\r\n--${boundary}--\r\n`);
  const length = parts.reduce(
    (sum, { span, head }) => sum + head.byteLength + span.last - span.first + 1,
    end.byteLength,
  );
  const { readable, writable } = new FixedLengthStream(length);
  const send = async () => {
    for (const { span, head } of parts) {
      await write(writable, head);
      const body = await open(span);
      if (!body) throw new Error("A part of the answer is lost.");
      if (body instanceof Uint8Array) await write(writable, body);
      else await body.pipeTo(writable, { preventClose: true });
    }
    await write(writable, end);
    await writable.close();
  };
  // The reader of a body that cannot be continued sees it broken off.
  defer(send().catch((error: unknown) => writable.abort(error).catch(() => undefined)));
  return { contentType: `multipart/byteranges; boundary=${boundary}`, length, body: readable };
}

async function write(writable: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  try {
    await writer.write(bytes);
  } finally {
    writer.releaseLock();
  }
}
