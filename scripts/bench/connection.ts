import { connect, type Socket } from "node:net";

/** A request made ready before the clock runs: its head as it goes over the wire, and its body. */
export interface PreparedRequest {
  readonly head: Buffer;
  readonly body?: Buffer;
  /** The answer has lengths but no body. */
  readonly headOnly: boolean;
  readonly expect: Expectation;
}

export interface Expectation {
  readonly status: number;
  /** One that will do as well. */
  readonly orStatus?: number;
  /** Content-Length of the answer; undefined where any will do. */
  readonly length?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: string;
  /** Content-Length of the answer; CHUNKED where it comes in chunks. */
  readonly length: number;
}

/** Emulators of Lambda answer so. Their bodies are small, and nobody asks how long they are. */
const CHUNKED = -1;
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const HEAD_END = Buffer.from("\r\n\r\n");

/**
 * One keep-alive connection, one request at a time. Written for load: nothing is parsed but the status
 * and the length, and the bytes of bodies are counted in one buffer that is used again and again. At
 * 1 KB it makes three times the requests a second of node:http, which would itself be what is measured.
 */
export class Connection {
  readonly #socket: Socket;
  #partialHead: Buffer | undefined;
  #answer: Answer | undefined;
  #remaining = 0;
  /** The last bytes of a body in chunks. */
  #tail = Buffer.alloc(0);
  #body: Buffer[] | undefined;
  #headOnly = false;
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  static open(origin: string, bufferBytes = 64 * 1024): Promise<Connection> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
      let connection: Connection | undefined;
      const socket = connect({
        host: hostname,
        port: Number(port),
        noDelay: true,
        onread: {
          buffer: Buffer.allocUnsafe(bufferBytes),
          callback: (count, buffer) => {
            connection?.receive((buffer as Buffer).subarray(0, count));
            return true;
          },
        },
      });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        connection = new Connection(socket);
        resolve(connection);
      });
    });
  }

  /** @throws {Error} when the answer is not what the request expects. */
  async send(request: PreparedRequest): Promise<Answer> {
    const answer = await this.#exchange(request);
    checkAnswer(request.expect, answer);
    return answer;
  }

  /** The same, with the body, for what is looked at once. */
  async sendForBody(request: PreparedRequest): Promise<{ answer: Answer; body: Buffer }> {
    this.#body = [];
    const answer = await this.#exchange(request);
    const body = Buffer.concat(this.#body);
    this.#body = undefined;
    return { answer, body };
  }

  close(): void {
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #exchange(request: PreparedRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#headOnly = request.headOnly;
      if (request.body === undefined) return void this.#socket.write(request.head);
      this.#socket.cork();
      this.#socket.write(request.head);
      this.#socket.write(request.body);
      this.#socket.uncork();
    });
  }

  /** Takes bytes as they come; for the socket alone. */
  receive(bytes: Buffer): void {
    if (this.#answer === undefined) return this.#receiveHead(bytes);
    this.#receiveBody(bytes);
  }

  #receiveHead(bytes: Buffer): void {
    const received = this.#partialHead === undefined ? bytes : Buffer.concat([this.#partialHead, bytes]);
    const end = received.indexOf(HEAD_END);
    if (end < 0) {
      // The buffer is the socket's, and will be overwritten.
      this.#partialHead = Buffer.from(received);
      return;
    }
    this.#partialHead = undefined;
    const head = received.latin1Slice(0, end);
    const status = Number(head.slice(9, 12));
    const rest = received.subarray(end + HEAD_END.length);
    if (status === 100) return rest.length > 0 ? this.#receiveHead(rest) : undefined;
    const length = readLength(head, status);
    if (length === undefined) {
      return this.#fail(new Error(`The answer has no Content-Length:\n${head}`));
    }
    this.#answer = { status, headers: head, length };
    this.#remaining = this.#headOnly ? 0 : length;
    this.#receiveBody(rest);
  }

  #receiveBody(bytes: Buffer): void {
    this.#body?.push(Buffer.from(bytes));
    if (this.#answer?.length === CHUNKED) {
      this.#tail = Buffer.concat([this.#tail, bytes]).subarray(-LAST_CHUNK.length);
      if (this.#tail.equals(LAST_CHUNK)) this.#finish();
      return;
    }
    this.#remaining -= bytes.length;
    if (this.#remaining > 0) return;
    if (this.#remaining < 0) return this.#fail(new Error("The answer is longer than its Content-Length."));
    this.#finish();
  }

  #finish(): void {
    const answer = this.#answer!;
    this.#answer = undefined;
    this.#tail = Buffer.alloc(0);
    const settle = this.#settle;
    this.#settle = undefined;
    settle?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = undefined;
  }
}

function readLength(head: string, status: number): number | undefined {
  const length = /\r\ncontent-length:[ \t]*(\d+)/i.exec(head)?.[1];
  if (length !== undefined) return Number(length);
  if (/\r\ntransfer-encoding:[ \t]*chunked/i.test(head)) return CHUNKED;
  return status === 204 || status === 304 ? 0 : undefined;
}

function checkAnswer(expected: Expectation, answer: Answer): void {
  if (answer.status !== expected.status && answer.status !== expected.orStatus) {
    throw new Error(`Expected ${expected.status}, and came:\n${answer.headers}`);
  }
  if (expected.length !== undefined && answer.length !== expected.length) {
    throw new Error(`Expected ${expected.length} bytes, and came:\n${answer.headers}`);
  }
}
