import type { FunctionHost, FunctionHostApi, FunctionHostSession } from "./wire.ts";

/**
 * The process of the functions for one request that invokes many: what a call needs on both sides is there from
 * the first on. A session that broke is followed by another one.
 */
export class HostSession implements FunctionHost, Disposable {
  readonly #host: Pick<Fetcher, "fetch"> & FunctionHostApi;
  #opened: Promise<FunctionHostSession> | undefined;

  constructor(host: Pick<Fetcher, "fetch"> & FunctionHostApi) {
    this.#host = host;
  }

  fetch(url: string, init: RequestInit): Promise<Response> {
    return this.#host.fetch(url, init);
  }

  async invoke(message: string | Uint8Array): Promise<string | Uint8Array> {
    const opened = (this.#opened ??= this.#host.open());
    try {
      return await (await opened).invoke(message);
    } catch (error) {
      // Only a process that is gone makes a call fail; others may have noticed before.
      if (this.#opened === opened) this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#opened?.then(
      (session) => session[Symbol.dispose](),
      () => undefined,
    );
    this.#opened = undefined;
  }
}
