import { Readable } from "node:stream";

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

  override _read(): void {}

  setTimeout(): this {
    return this;
  }
}
