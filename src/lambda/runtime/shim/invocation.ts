import { AsyncLocalStorage } from "node:async_hooks";
import { MAX_LOG_CHARACTERS } from "../limits.ts";

/** One invocation while it runs: where its output goes, and how anything in it can end it. */
export class Invocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  /** Rejects when something outside of the handler's own promise ends the invocation. */
  readonly ended: Promise<never>;
  readonly end: (error: unknown) => void;
  isEnded = false;
  /** What log records show as the request: Lambda's runtime has no id yet while modules load. */
  shownId = "undefined";
  #lines: string[] = [];
  #length = 0;

  constructor(requestId: string, deadlineMs: number) {
    this.requestId = requestId;
    this.deadlineMs = deadlineMs;
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    this.ended = promise;
    this.end = (error) => {
      this.isEnded = true;
      reject(error);
    };
  }

  write(text: string): void {
    if (this.#length > MAX_LOG_CHARACTERS) return;
    this.#length += text.length;
    const isLast = this.#length > MAX_LOG_CHARACTERS;
    this.#lines.push(isLast ? "[The rest of this invocation's log is left out.]\n" : text);
  }

  /** What was written since the last call. */
  takeLog(): string {
    const text = this.#lines.join("");
    this.#lines = [];
    return text;
  }
}

const storage = new AsyncLocalStorage<Invocation>();
let latest: Invocation | undefined;

/** Runs `work` as part of an invocation: what it logs, throws and starts belongs to it. */
export function runInvocation<T>(invocation: Invocation, work: () => T): T {
  latest = invocation;
  return storage.run(invocation, work);
}

/**
 * The invocation to which the running code belongs. Callbacks that lost their context (events of objects
 * made by an earlier invocation) count to the latest one.
 */
export function currentInvocation(): Invocation | undefined {
  return storage.getStore() ?? latest;
}
