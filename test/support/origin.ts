import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a loopback origin was asked. */
export interface AskedOrigin {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

export type AnswerOrigin = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** A web server for distributions to ask. */
export interface LoopbackOrigin extends AsyncDisposable {
  readonly port: number;
  /** In the order they came. Tests may empty it. */
  readonly asked: AskedOrigin[];
  /** What it answers from now on. */
  answer: AnswerOrigin;
}

/** Listens on a free loopback port until it is disposed of. */
export async function startOrigin(answer: AnswerOrigin): Promise<LoopbackOrigin> {
  const asked: AskedOrigin[] = [];
  const origin = { asked, answer };
  const server = createServer((request, response) => {
    asked.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers });
    Promise.resolve(origin.answer(request, response)).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(origin, {
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
