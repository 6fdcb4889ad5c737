import { DurableObject, RpcTarget } from "cloudflare:workers";
import type { Env } from "../../env.ts";

/** What the Worker calls. */
export interface FunctionExecutionsApi {
  /** One of `limit` executions at a time, until it is disposed of; undefined when all are taken. */
  begin(limit: number): Promise<Disposable | undefined>;
}

/**
 * Counts the executions of a function with reserved concurrency; one object a function. Nothing is stored: a
 * stub that its holder keeps also keeps this object in memory, and is disposed of when the holder dies.
 */
export class FunctionExecutions extends DurableObject<Env> {
  #running = 0;

  begin(limit: number): Execution | undefined {
    if (this.#running >= limit) return undefined;
    this.#running++;
    return new Execution(() => this.#running--);
  }
}

class Execution extends RpcTarget {
  readonly #end: () => void;
  #ended = false;

  constructor(end: () => void) {
    super();
    this.#end = end;
  }

  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end();
  }
}
