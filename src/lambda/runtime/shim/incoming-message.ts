// oxlint-disable no-underscore-dangle -- names that Node.js and its adapters agree on
import { Readable } from "node:stream";

/** Of these Node.js keeps the first; others that repeat are joined. See `message.headers` of its documentation. */
const SINGLE_VALUED = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);

interface RequestSocket {
  readonly readable?: boolean;
  readonly destroy?: (error?: Error) => void;
}

/**
 * `http.IncomingMessage` as adapters for Lambda make it from an event: with a stand-in for a socket, which
 * workerd's own does not keep, so that body parsers would take it for read already.
 */
export class IncomingMessage extends Readable {
  socket: RequestSocket;
  httpVersion = "1.1";
  httpVersionMajor = 1;
  httpVersionMinor = 1;
  complete = false;
  aborted = false;
  upgrade = false;
  url = "";
  method: string | null = null;
  statusCode: number | null = null;
  statusMessage: string | null = null;
  headers: Record<string, string | string[] | undefined> = {};
  rawHeaders: string[] = [];
  trailers: Record<string, string> = {};
  rawTrailers: string[] = [];

  constructor(socket: RequestSocket) {
    super({ autoDestroy: false });
    this.socket = socket;
  }

  get connection(): RequestSocket {
    return this.socket;
  }

  set connection(socket: RequestSocket) {
    this.socket = socket;
  }

  get headersDistinct(): Record<string, string[]> {
    const entries = Object.entries(this.headers).filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries.map(([name, value]) => [name, [value ?? ""].flat()]));
  }

  /** Names and values in turn, as the parser of Node.js hands them over. */
  _addHeaderLines(lines: readonly string[], count: number): void {
    this.rawHeaders = lines.slice(0, count);
    for (let index = 0; index + 1 < count; index += 2) {
      this._addHeaderLine(String(lines[index]), String(lines[index + 1]), this.headers);
    }
  }

  _addHeaderLine(field: string, value: string, headers: Record<string, string | string[] | undefined>): void {
    const name = field.toLowerCase();
    const before = headers[name];
    if (name === "set-cookie") headers[name] = [before ?? [], value].flat();
    else if (before === undefined) headers[name] = value;
    else if (!SINGLE_VALUED.has(name)) headers[name] = `${String(before)}${name === "cookie" ? "; " : ", "}${value}`;
  }

  override _read(): void {}

  setTimeout(): this {
    return this;
  }
}
