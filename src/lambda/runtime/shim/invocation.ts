import { AsyncLocalStorage } from "node:async_hooks";
import { MAX_LOG_CHARACTERS } from "../limits.ts";
import { DeadlineError } from "./errors.ts";
import type { WrittenLog } from "./wire.ts";

// As they were before the function's code came: what it replaces is its own affair.
const { clearTimeout, setTimeout } = globalThis;

/**
 * Rounds of microtasks that work may take before a timer watches over it. Setting one costs as much as all else
 * that an invocation costs, and a handler that waits for nothing is done by then.
 */
const UNWATCHED_ROUNDS = 32;

const nothing = Promise.resolve();

/** One invocation while it runs: where its output goes, and how anything in it can end it. */
export class Invocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  /** Something outside of the handler's own promise has ended it. */
  isEnded = false;
  /** What log records show as the request: Lambda's runtime has no id yet while modules load. */
  shownId = "undefined";
  #failure: unknown;
  #reject: ((error: unknown) => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lines: string[] = [];
  #marks: number[] = [];
  #length = 0;

  constructor(requestId: string, deadlineMs: number) {
    this.requestId = requestId;
    this.deadlineMs = deadlineMs;
  }

  /** Ends it with an error, whatever the handler is waiting for. */
  end(error: unknown): void {
    if (!this.isEnded) this.#failure = error;
    this.isEnded = true;
    this.#reject?.(error);
  }

  /** Waits for a part of its work, until the invocation is ended or its time is up. */
  until<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      let isDone = false;
      const settle = <Result>(next: (result: Result) => void) => {
        return (result: Result) => {
          isDone = true;
          next(result);
        };
      };
      work.then(settle(resolve), settle(reject));
      this.#reject = reject;
      if (this.isEnded) reject(this.#failure);
      void this.#watchTime(() => isDone);
    });
  }

  /** To be called when nobody waits any more. */
  stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
  }

  async #watchTime(isDone: () => boolean): Promise<void> {
    for (let round = 0; round < UNWATCHED_ROUNDS; round++) {
      if (isDone()) return;
      await nothing;
    }
    this.#timer ??= setTimeout(
      () => this.end(new DeadlineError("The time is up.")),
      Math.max(0, this.deadlineMs - Date.now()),
    );
  }

  write(text: string): void {
    if (this.#length > MAX_LOG_CHARACTERS) return;
    this.#length += text.length;
    const isLast = this.#length > MAX_LOG_CHARACTERS;
    const line = isLast ? "[The rest of this invocation's log is left out.]\n" : text;
    this.#lines.push(line);
    this.#marks.push(line.length, Date.now());
  }

  /** What was written since the last call, if anything was. */
  takeLog(): WrittenLog | undefined {
    if (this.#lines.length === 0) return undefined;
    const written = { text: this.#lines.join(""), marks: this.#marks };
    this.#lines = [];
    this.#marks = [];
    return written;
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
