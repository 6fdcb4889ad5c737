// oxlint-disable no-underscore-dangle -- names that Node.js and its adapters agree on
/**
 * `http.ServerResponse` as adapters for Lambda use it: made by hand, with a stand-in for a socket to which
 * the head and the body are written. workerd's own cannot be given a socket.
 */
import { STATUS_CODES } from "node:http";
import { Writable, type WritableOptions } from "node:stream";

interface ResponseRequest {
  readonly method?: string;
}

interface ResponseSocket {
  write: (data: string | Uint8Array, encoding?: string) => unknown;
  cork?: () => void;
  uncork?: () => void;
}

type HeaderValue = number | string | readonly string[];
type HeaderInput = Readonly<Record<string, HeaderValue>> | readonly unknown[];
type Done = (error?: Error | null) => void;

interface ResponseState {
  /** By name in lower case: the name as set, and its value. */
  readonly headers: Map<string, readonly [string, HeaderValue]>;
  isHeadSent: boolean;
}

const OPTIONS: WritableOptions = { decodeStrings: false };
const STATE = Symbol("state");

class Response extends Writable {
  declare req: unknown;
  declare statusCode: number;
  declare statusMessage: string | undefined;
  declare sendDate: boolean;
  declare shouldKeepAlive: boolean;
  declare chunkedEncoding: boolean;
  declare useChunkedEncodingByDefault: boolean;
  declare strictContentLength: boolean;
  declare socket: ResponseSocket | null;
  /** Text of the head once it is decided; adapters look at it. */
  declare _header: string | null;
  declare _hasBody: boolean;
  declare [STATE]: ResponseState;

  constructor(request?: ResponseRequest) {
    super(OPTIONS);
    initialise(this, request);
  }

  get headersSent(): boolean {
    return Boolean(this._header);
  }

  get finished(): boolean {
    return this.writableEnded;
  }

  get connection(): ResponseSocket | null {
    return this.socket;
  }

  set connection(socket: ResponseSocket | null) {
    this.socket = socket;
  }

  assignSocket(socket: ResponseSocket): void {
    this.socket = socket;
    this.emit("socket", socket);
  }

  detachSocket(): void {
    this.socket = null;
  }

  setHeader(name: string, value: HeaderValue): this {
    if (this.headersSent) {
      throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
        code: "ERR_HTTP_HEADERS_SENT",
      });
    }
    this[STATE].headers.set(name.toLowerCase(), [name, value]);
    return this;
  }

  setHeaders(headers: Iterable<readonly [string, HeaderValue]>): this {
    for (const [name, value] of headers) this.setHeader(name, value);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.getHeader(name);
    const values = before === undefined ? value : [before, value].flat().map(String);
    return this.setHeader(name, values);
  }

  getHeader(name: string): HeaderValue | undefined {
    return this[STATE].headers.get(name.toLowerCase())?.[1];
  }

  getHeaders(): Record<string, HeaderValue> {
    const headers = Object.create(null) as Record<string, HeaderValue>;
    for (const [name, [, value]] of this[STATE].headers) headers[name] = value;
    return headers;
  }

  getHeaderNames(): string[] {
    return [...this[STATE].headers.keys()];
  }

  getRawHeaderNames(): string[] {
    return [...this[STATE].headers.values()].map(([name]) => name);
  }

  hasHeader(name: string): boolean {
    return this[STATE].headers.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this[STATE].headers.delete(name.toLowerCase());
  }

  /** `writeHead(status, message?, headers?)`. Decides the head; it is sent with the body or the end. */
  writeHead(statusCode: number, messageOrHeaders?: string | HeaderInput, headers?: HeaderInput): this {
    this.statusCode = statusCode;
    if (typeof messageOrHeaders === "string") this.statusMessage = messageOrHeaders;
    const given = typeof messageOrHeaders === "string" ? headers : messageOrHeaders;
    for (const [name, value] of listHeaders(given)) this.setHeader(name, value);
    this.statusMessage ??= STATUS_CODES[statusCode] ?? "";
    if (statusCode === 204 || statusCode === 304) this._hasBody = false;
    this._header = formatHead(this);
    return this;
  }

  flushHeaders(): void {
    sendHead(this);
  }

  writeContinue(): void {}

  writeProcessing(): void {}

  writeEarlyHints(_hints: unknown, done?: () => void): void {
    done?.();
  }

  addTrailers(): void {}

  setTimeout(): this {
    return this;
  }

  override write(chunk: unknown, encoding?: unknown, done?: unknown): boolean {
    decideHead(this);
    return super.write(chunk, encoding as BufferEncoding, done as Done);
  }

  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    decideHead(this);
    return super.end(chunk, encoding as BufferEncoding, done as () => void);
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    sendHead(this);
    if (this._hasBody) this.socket?.write(chunk, encoding);
    done();
  }

  override _final(done: Done): void {
    sendHead(this);
    done();
  }
}

/**
 * Callable without `new`, as Node.js's own is: `inherits` and `ServerResponse.call(this, request)` of
 * adapters from before there were classes.
 */
export const ServerResponse = new Proxy(Response, {
  apply(_target, response: Response, [request]: [ResponseRequest?]) {
    (Writable as unknown as (this: Writable, options: WritableOptions) => void).call(response, OPTIONS);
    initialise(response, request);
  },
});

function initialise(response: Response, request: ResponseRequest | undefined): void {
  Object.assign(response, {
    req: request,
    statusCode: 200,
    statusMessage: undefined,
    sendDate: false,
    shouldKeepAlive: false,
    chunkedEncoding: false,
    useChunkedEncodingByDefault: false,
    strictContentLength: false,
    socket: null,
    _header: null,
    _hasBody: request?.method !== "HEAD",
  });
  response[STATE] = { headers: new Map(), isHeadSent: false };
}

/** By way of `writeHead`, which middleware replaces to change headers at the last moment. */
function decideHead(response: Response): void {
  if (!response.headersSent) response.writeHead(response.statusCode);
}

function sendHead(response: Response): void {
  const state = response[STATE];
  if (state.isHeadSent) return;
  decideHead(response);
  state.isHeadSent = true;
  response.socket?.write(response._header ?? "", "latin1");
}

function formatHead(response: Response): string {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage ?? ""}`];
  for (const [name, value] of response[STATE].headers.values()) {
    for (const one of [value].flat()) lines.push(`${name}: ${String(one)}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** An object, a list of pairs, or names and values in turn. */
function listHeaders(headers: HeaderInput | undefined): [string, HeaderValue][] {
  if (headers === undefined || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers as Readonly<Record<string, HeaderValue>>);
  if (Array.isArray(headers[0])) return headers as [string, HeaderValue][];
  const pairs: [string, HeaderValue][] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    pairs.push([String(headers[index]), headers[index + 1] as HeaderValue]);
  }
  return pairs;
}
