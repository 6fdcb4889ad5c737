import { connect } from "node:net";
import type { Socket } from "node:net";

/** An answer as it came over the socket. */
export interface RawAnswer {
  /** Statuses of interim answers (100), in order, before the final one. */
  readonly interim: readonly number[];
  readonly status: number;
  readonly reason: string;
  /** By lower-case name; repeated ones joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface RawRequestOptions {
  /** The answer to HEAD has lengths but no body. */
  readonly head?: boolean;
  readonly timeoutMilliseconds?: number;
}

/**
 * Sends hand-written HTTP/1.1 bytes and reads one final answer; for what no client library would
 * send. `parts` go out one after the other, each when the one before was written.
 * @throws {Error} when the connection ends or the time is over before the answer is whole.
 */
export async function sendRaw(
  endpoint: string,
  parts: string | Buffer | readonly (string | Buffer)[],
  options: RawRequestOptions = {},
): Promise<RawAnswer> {
  const socket = await openRaw(endpoint);
  try {
    const answer = readAnswer(socket, options);
    // The server may answer and close before all is written: what it said is in `answer` then.
    for (const part of Array.isArray(parts) ? parts : [parts]) await writePart(socket, part).catch(() => {});
    return await answer;
  } finally {
    socket.destroy();
  }
}

/** Sends bytes and hangs up with RST, as a client that crashes does. Answers when the connection is closed. */
export async function sendAndReset(endpoint: string, bytes: string | Buffer): Promise<void> {
  const socket = await openRaw(endpoint);
  await writePart(socket, bytes);
  await new Promise<void>((resolve) => {
    socket.once("close", () => resolve());
    socket.resetAndDestroy();
  });
}

/** A connection for a test that writes and reads at its own pace. */
export async function openRaw(endpoint: string): Promise<Socket> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return socket;
}

/** Reads one final answer from a connection, with the interim ones before it. */
export function readAnswer(socket: Socket, options: RawRequestOptions = {}): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const timer = setTimeout(
      () => fail(new Error(`No whole answer in time. Received: ${received.toString("latin1").slice(0, 500)}`)),
      options.timeoutMilliseconds ?? 10_000,
    );
    const tryParse = (ended: boolean) => {
      const answer = parseAnswer(received, options.head ?? false, ended);
      if (answer === undefined) return false;
      clearTimeout(timer);
      resolve(answer);
      return true;
    };
    const fail = (error: Error) => {
      clearTimeout(timer);
      if (!tryParse(true)) reject(error);
    };
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      tryParse(false);
    });
    socket.once("error", fail);
    socket.once("end", () => fail(new Error(`The connection ended after ${received.length} bytes.`)));
  });
}

function writePart(socket: Socket, part: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(part, (error) => (error ? reject(error) : resolve()));
  });
}

/** Undefined while something is missing. */
function parseAnswer(bytes: Buffer, head: boolean, ended: boolean): RawAnswer | undefined {
  const interim: number[] = [];
  let rest = bytes;
  for (;;) {
    const end = rest.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [statusLine = "", ...fields] = rest.toString("latin1", 0, end).split("\r\n");
    const [, code = "", reason = ""] = /^HTTP\/1\.1 (\d{3}) ?(.*)$/.exec(statusLine) ?? [];
    const status = Number(code);
    rest = rest.subarray(end + 4);
    if (status >= 100 && status < 200 && status !== 101) {
      interim.push(status);
      continue;
    }
    const headers = parseFields(fields);
    const body =
      head || status === 101 || status === 204 || status === 304 ? Buffer.alloc(0) : readBody(rest, headers, ended);
    return body && { interim, status, reason, headers, body };
  }
}

function parseFields(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

function readBody(rest: Buffer, headers: Readonly<Record<string, string>>, ended: boolean): Buffer | undefined {
  if (headers["transfer-encoding"] === "chunked") return readChunks(rest);
  const length = headers["content-length"];
  if (length === undefined) return ended ? rest : undefined;
  return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined;
}

function readChunks(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.toString("latin1", at, lineEnd), 16);
    const start = lineEnd + 2;
    if (rest.length < start + size + 2) return undefined;
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(rest.subarray(start, start + size));
    at = start + size + 2;
  }
}
