import { once } from "node:events";
import { type RawAnswer, sendRaw } from "./raw-http.ts";

interface ClientOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
}

/** The client that browsers have, as Node has it: it takes headers as well. */
export function connect(url: string, options: ClientOptions = {}): WebSocket {
  const socket = new WebSocket(url.replace(/^http/, "ws"), options as unknown as string[]);
  socket.binaryType = "arraybuffer";
  return socket;
}

export async function open(url: string, options?: ClientOptions): Promise<WebSocket> {
  const socket = connect(url, options);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  return socket;
}

export async function nextMessage(socket: WebSocket): Promise<unknown> {
  const [{ data }] = (await once(socket, "message")) as [MessageEvent];
  return data;
}

export async function endOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [{ code, reason }] = (await once(socket, "close")) as [CloseEvent];
  return { code, reason };
}

/** A handshake as a client sends it, and what is answered: for refusals, which WebSocket clients do not show. */
export function shake(url: string, headers: readonly string[] = []): Promise<RawAnswer> {
  const { pathname, search, host } = new URL(url);
  const lines = [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Connection: Upgrade",
    "Upgrade: WebSocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  ];
  return sendRaw(url, `${lines.join("\r\n")}\r\n\r\n`);
}
