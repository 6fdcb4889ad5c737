interface Waiting {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly elapse: () => void;
}

/**
 * Until when a request waits for its invocations. To set and clear a timer costs a tenth of an invocation: one serves
 * all of a request, and when nobody waits any more it rings in vain or ends with the request.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  /** What `work` comes to, or what `elapse` makes when the time comes first. */
  async limit<Value>(work: Promise<Value>, at: number, elapse: () => Value): Promise<Value> {
    const elapsed = Promise.withResolvers<Value>();
    const waiting = { at, elapse: () => elapsed.resolve(elapse()) };
    this.#waiting.add(waiting);
    this.#arm(at);
    try {
      return await Promise.race([work, elapsed.promise]);
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  #arm(at: number): void {
    if (at >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#timer = setTimeout(() => this.#ring(), Math.max(0, at - Date.now()));
  }

  #ring(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const waiting of this.#waiting) {
      if (waiting.at > now) this.#arm(waiting.at);
      else waiting.elapse();
    }
  }
}
