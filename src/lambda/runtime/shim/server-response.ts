// oxlint-disable no-underscore-dangle -- names that Node.js and its adapters agree on
/**
 * `http.ServerResponse` as adapters for Lambda use it: made by hand, with a stand-in for a socket to which
 * the head and the body are written. workerd's own cannot be given a socket.
 */
import { STATUS_CODES } from "node:http";
import { Writable } from "node:stream";

interface ResponseSocket {
  write: (data: string | Uint8Array, encoding?: string) => unknown;
  cork?: () => void;
  uncork?: () => void;
}

type HeaderValue = number | string | readonly string[];
type HeaderInput = Readonly<Record<string, HeaderValue>> | readonly unknown[];
type Done = (error?: Error | null) => void;

export class ServerResponse extends Writable {
  req: unknown;
  statusCode = 200;
  statusMessage: string | undefined;
  sendDate = false;
  shouldKeepAlive = false;
  chunkedEncoding = false;
  useChunkedEncodingByDefault = false;
  strictContentLength = false;
  socket: ResponseSocket | null = null;
  /** Text of the head once it is decided; adapters look at it. */
  _header: string | null = null;
  _hasBody: boolean;
  /** By name in lower case: the name as set, and its value. */
  #headers = new Map<string, readonly [string, HeaderValue]>();
  #isHeadDecided = false;

  constructor(request?: { readonly method?: string }) {
    super({ decodeStrings: false });
    this.req = request;
    this._hasBody = request?.method !== "HEAD";
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
    this.#headers.set(name.toLowerCase(), [name, value]);
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
    return this.#headers.get(name.toLowerCase())?.[1];
  }

  getHeaders(): Record<string, HeaderValue> {
    const headers = Object.create(null) as Record<string, HeaderValue>;
    for (const [name, [, value]] of this.#headers) headers[name] = value;
    return headers;
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()];
  }

  getRawHeaderNames(): string[] {
    return [...this.#headers.values()].map(([name]) => name);
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  /** `writeHead(status, message?, headers?)`. Nothing is sent until there is a body or an end. */
  writeHead(statusCode: number, messageOrHeaders?: string | HeaderInput, headers?: HeaderInput): this {
    this.statusCode = statusCode;
    if (typeof messageOrHeaders === "string") this.statusMessage = messageOrHeaders;
    const given = typeof messageOrHeaders === "string" ? headers : messageOrHeaders;
    for (const [name, value] of listHeaders(given)) this.setHeader(name, value);
    this.#isHeadDecided = true;
    return this;
  }

  flushHeaders(): void {
    this.#sendHead();
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
    this.#decideHead();
    return super.write(chunk, encoding as BufferEncoding, done as Done);
  }

  override end(chunk?: unknown, encoding?: unknown, done?: unknown): this {
    this.#decideHead();
    return super.end(chunk, encoding as BufferEncoding, done as () => void);
  }

  override _write(chunk: string | Uint8Array, encoding: BufferEncoding, done: Done): void {
    this.#sendHead();
    if (this._hasBody) this.socket?.write(chunk, encoding);
    done();
  }

  override _final(done: Done): void {
    this.#sendHead();
    done();
  }

  /** By way of `writeHead`, which middleware replaces to change headers at the last moment. */
  #decideHead(): void {
    if (!this.#isHeadDecided && !this.headersSent) this.writeHead(this.statusCode);
  }

  #sendHead(): void {
    if (this.headersSent) return;
    this.#decideHead();
    this.statusMessage ??= STATUS_CODES[this.statusCode] ?? "";
    const lines = [`HTTP/1.1 ${this.statusCode} ${this.statusMessage}`];
    for (const [name, value] of this.#headers.values()) {
      for (const one of [value].flat()) lines.push(`${name}: ${String(one)}`);
    }
    this._header = `${lines.join("\r\n")}\r\n\r\n`;
    this.socket?.write(this._header, "latin1");
  }
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
