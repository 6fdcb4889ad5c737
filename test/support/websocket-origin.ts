import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** RFC 6455 section 1.3. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const OPCODE = { text: 1, binary: 2, close: 8 } as const;

/** The origin's end of a connection. Messages fit into one frame each. */
export interface OriginSocket {
  readonly request: IncomingMessage;
  /** Texts and bytes as they came; a close is its code. */
  onMessage: (message: string | Buffer) => void;
  readonly closed: Promise<number>;
  send(message: string | Buffer): void;
  close(code: number, reason?: string): void;
  /** Ends without a word. */
  drop(): void;
}

export interface UpgradeAnswer {
  /** Of the answer to the handshake, over those that it must have. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether messages are compressed (RFC 7692): the answer must have said so. */
  readonly deflates?: boolean;
  readonly open: (socket: OriginSocket) => void;
}

/** What becomes of a handshake: a connection, or a plain answer that refuses it. */
export type Upgrade = UpgradeAnswer | { readonly refuse: string };

export interface WebSocketOrigin extends AsyncDisposable {
  readonly port: number;
  /** What was asked, in the order it came; plain requests are among it. */
  readonly asked: IncomingMessage[];
  upgrade: (request: IncomingMessage) => Upgrade;
}

/** A web server that speaks WebSocket; who does not ask for that gets `plain` with a lifetime of a minute. */
export async function startWebSocketOrigin(): Promise<WebSocketOrigin> {
  const sockets = new Set<Duplex>();
  const origin: Omit<WebSocketOrigin, "port" | typeof Symbol.asyncDispose> = {
    asked: [],
    upgrade: () => ({ open: () => undefined }),
  };
  const server = createServer((request, response) => {
    origin.asked.push(request);
    response.writeHead(200, { "cache-control": "max-age=60" }).end("plain");
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    origin.asked.push(request);
    sockets.add(socket.once("close", () => sockets.delete(socket)));
    socket.on("error", () => socket.destroy());
    const answer = origin.upgrade(request);
    if ("refuse" in answer) return void socket.end(answer.refuse);
    socket.write(describeHandshake(request, answer.headers ?? {}));
    answer.open(speak(request, socket, head, answer.deflates ?? false));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(origin, {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

function describeHandshake(request: IncomingMessage, more: Readonly<Record<string, string>>): string {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}${ACCEPT_GUID}`).digest("base64");
  const fields = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-accept": accept, ...more };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("")}\r\n`;
}

function speak(request: IncomingMessage, socket: Duplex, head: Buffer, deflates: boolean): OriginSocket {
  let resolveClosed: (code: number) => void = () => undefined;
  const closed = new Promise<number>((resolve) => (resolveClosed = resolve));
  const end: OriginSocket = {
    request,
    onMessage: () => undefined,
    closed,
    send(message) {
      const isText = typeof message === "string";
      const payload = isText ? Buffer.from(message) : message;
      socket.write(writeFrame(isText ? OPCODE.text : OPCODE.binary, payload, deflates));
    },
    close(code, reason = "") {
      const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
      socket.write(writeFrame(OPCODE.close, payload, false));
    },
    drop: () => void socket.destroy(),
  };
  let received = head;
  const read = () => {
    for (let frame = readFrame(received); frame; frame = readFrame(received)) {
      received = frame.rest;
      if (frame.opcode === OPCODE.close) {
        const code = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
        resolveClosed(code);
        socket.end(writeFrame(OPCODE.close, frame.payload, false));
        return;
      }
      end.onMessage(frame.opcode === OPCODE.text ? frame.payload.toString() : frame.payload);
    }
  };
  socket.on("data", (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    read();
  });
  // Nobody said good-bye (RFC 6455 section 7.1.5).
  socket.once("end", () => {
    resolveClosed(1006);
    socket.end();
  });
  queueMicrotask(read);
  return end;
}

function writeFrame(opcode: number, plain: Buffer, deflates: boolean): Buffer {
  // The empty block at the end of a message is left out (RFC 7692 section 7.2.1).
  const payload = deflates ? deflateRawSync(plain, { finishFlush: 2 }).subarray(0, -4) : plain;
  const first = 0x80 | (deflates ? 0x40 : 0) | opcode;
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const head = Buffer.alloc(10);
  head[0] = first;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** A whole frame of a client, which masks; undefined while something of it is missing. */
function readFrame(bytes: Buffer): { opcode: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
  const start = 2 + lengthBytes + 4;
  if (bytes.length < start) return undefined;
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const masked = bytes.subarray(start, start + length);
  const plain = Buffer.from(masked.map((byte, at) => byte ^ mask[at % 4]!));
  const isDeflated = (bytes[0]! & 0x40) !== 0;
  const payload = isDeflated ? inflateRawSync(plain, { finishFlush: 2 }) : plain;
  return { opcode: bytes[0]! & 0x0f, payload, rest: bytes.subarray(start + length) };
}
