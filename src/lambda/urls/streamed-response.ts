import type { InvokeStreamOutput } from "../runtime/protocol.ts";
import { hasNoBody, isObject, toHeaders, toStatus } from "./response.ts";

/** What a stream has that begins with status and headers (`awslambda.HttpResponseStream.from`). */
const WITH_PRELUDE = "application/vnd.awslambda.http-integration-response";
/** Between the prelude, which is JSON, and the body. */
const SEPARATOR = new Uint8Array(8);
/** Far more than headers that anybody sends. */
const MAX_PRELUDE_BYTES = 65_536;

/**
 * The response that a stream means: status and headers from its prelude, or 200 and its content type. Undefined
 * when the function fails before anything is written, or when the prelude is none.
 */
export async function toStreamedResponse(output: InvokeStreamOutput): Promise<Response | undefined> {
  const reader = output.body.getReader();
  if (output.contentType === WITH_PRELUDE) return readWithPrelude(reader);
  const first = await reader.read();
  if (first.done) {
    if ((await output.completion).functionError !== undefined) return undefined;
    return new Response(null, { headers: { "content-type": output.contentType } });
  }
  return new Response(continueFrom(first.value, reader), { headers: { "content-type": output.contentType } });
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

async function readWithPrelude(reader: Reader): Promise<Response | undefined> {
  let read = Buffer.alloc(0);
  for (;;) {
    const at = read.indexOf(SEPARATOR);
    if (at >= 0) return fromPrelude(read.subarray(0, at), read.subarray(at + SEPARATOR.byteLength), reader);
    const next = read.byteLength > MAX_PRELUDE_BYTES ? undefined : (await reader.read()).value;
    if (!next) {
      await reader.cancel();
      return undefined;
    }
    read = Buffer.concat([read, next]);
  }
}

function fromPrelude(prelude: Buffer, rest: Uint8Array, reader: Reader): Response | undefined {
  const result = parse(prelude.toString());
  const status = result && toStatus({ statusCode: 200, ...result });
  const headers = result && toHeaders(result);
  if (status === undefined || !headers) return undefined;
  if (!headers.has("content-type")) headers.set("content-type", "application/octet-stream");
  return new Response(hasNoBody(status) ? null : continueFrom(rest, reader), { status, headers });
}

/** What was read already, then the rest as it comes. */
function continueFrom(first: Uint8Array, reader: Reader): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start(controller) {
      if (first.byteLength > 0) controller.enqueue(first);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
