/** Response streaming ("Response streaming for Lambda functions"): `awslambda`, and the stream handlers get. */
import { Buffer } from "node:buffer";
import { Writable } from "node:stream";
import type { Context } from "./context.ts";
import type { Handler } from "./handler.ts";

/** Where the bytes of a response go. */
export interface Sink {
  /** Once, before the first bytes. */
  begin: (contentType: string) => Promise<void>;
  write: (bytes: Uint8Array) => Promise<void>;
}

export type StreamingHandler = (event: unknown, stream: ResponseStream, context: Context) => unknown;

type Done = (error?: Error | null) => void;

const STREAMING = Symbol("awslambda.streaming");
/** The head of an HTTP response, before its body: JSON, then eight zero bytes. */
const HTTP_RESPONSE = "application/vnd.awslambda.http-integration-response";
const PRELUDE_END = new Uint8Array(8);

class ResponseStream extends Writable {
  readonly #sink: Sink;
  #contentType = "application/octet-stream";
  #hasBegun = false;

  constructor(sink: Sink) {
    super();
    this.#sink = sink;
  }

  setContentType(contentType: string): void {
    this.#contentType = contentType;
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    void settle(this.#forward(chunk), done);
  }

  override _final(done: Done): void {
    void settle(this.#begin(), done);
  }

  async #forward(chunk: Uint8Array): Promise<void> {
    await this.#begin();
    await this.#sink.write(chunk);
  }

  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    await this.#sink.begin(this.#contentType);
  }
}

async function settle(work: Promise<void>, done: Done): Promise<void> {
  try {
    await work;
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)));
    return;
  }
  done();
}

export function installStreaming(): void {
  const awslambda = {
    streamifyResponse: (handler: StreamingHandler, options?: unknown) =>
      Object.assign(handler, { [STREAMING]: options ?? true }),
    HttpResponseStream: {
      from(stream: ResponseStream, prelude: unknown): ResponseStream {
        stream.setContentType(HTTP_RESPONSE);
        stream.write(JSON.stringify(prelude));
        stream.write(PRELUDE_END);
        return stream;
      },
    },
  };
  // The SDK adds to it, so that it must be an ordinary property.
  Object.assign(globalThis, { awslambda });
}

export function isStreaming(handler: Handler | StreamingHandler): handler is StreamingHandler {
  return Reflect.has(handler, STREAMING);
}

/** Runs the handler until it has returned and its stream is at its end. */
export async function runStreaming(
  handler: StreamingHandler,
  event: unknown,
  context: Context,
  sink: Sink,
): Promise<void> {
  const response = new ResponseStream(sink);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  response.once("finish", resolve);
  response.once("error", reject);
  await Promise.all([handler(event, response, context), promise]);
}

/** Collects the response for an invocation that wants it whole. */
export function createBuffer(): Sink & { readonly take: () => Uint8Array } {
  const chunks: Uint8Array[] = [];
  return {
    begin: async () => undefined,
    write: async (bytes) => void chunks.push(bytes),
    take: () => Buffer.concat(chunks),
  };
}
