import { setTimeout as wait } from "node:timers/promises";

/** What a function URL sends, as far as it is used here. */
interface UrlEvent {
  readonly queryStringParameters?: Readonly<Record<string, string>>;
}

/** The runtime's own helpers for streaming ("Response streaming for Lambda functions"). */
declare const awslambda: {
  streamifyResponse(handle: (event: UrlEvent, stream: NodeJS.WritableStream) => Promise<void>): unknown;
  readonly HttpResponseStream: {
    from(
      stream: NodeJS.WritableStream,
      metadata: { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> },
    ): NodeJS.WritableStream;
  };
};

const MAX_STEPS = 100;
const STEP_MS = 250;

/** Tells of the progress of a piece of work as server-sent events: each leaves as soon as it is written. */
export const handler = awslambda.streamifyResponse(async ({ queryStringParameters }, stream) => {
  const steps = Math.min(Number(queryStringParameters?.["steps"] ?? 10) || 1, MAX_STEPS);
  const response = awslambda.HttpResponseStream.from(stream, {
    statusCode: 200,
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
  for (let step = 1; step <= steps; step++) {
    response.write(`event: progress\ndata: ${JSON.stringify({ step, of: steps })}\n\n`);
    // In place of work.
    await wait(STEP_MS);
  }
  response.end("event: done\ndata: {}\n\n");
});
