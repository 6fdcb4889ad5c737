import type { Env } from "../../env.ts";
import { askLogIndex } from "./client.ts";
import { createSegments } from "./new-segments.ts";
import type { InvocationRun } from "./segment-body.ts";

/** What one invocation leaves. Its lines are written out when they are sent, not while a caller waits. */
export interface InvocationLog {
  readonly accountId: string;
  readonly group: string;
  /** Characters that it holds, roughly. */
  readonly size: number;
  describe(): InvocationDescription;
}

export interface InvocationDescription extends InvocationRun {
  /** Empty when the invocation never reached an environment. */
  readonly stream: string;
}

type RecorderEnv = Pick<Env, "LOG_INDEX" | "VERGE_LOG_INTERVAL_SECONDS">;

const DEFAULT_INTERVAL_SECONDS = 5;
/** What a request leaves behind may go on for 30 seconds after it. */
const MAX_INTERVAL_SECONDS = 20;
/** Gathered lines that are not kept waiting. */
const MAX_SIZE = 1_000_000;
const MAX_ENTRIES = 5_000;
/** A request that was to send them may have been cancelled: after so long another takes over. */
const OVERDUE_MS = 2_000;
/** Of the record of an invocation, besides the lines of the function. */
const ENTRY_SIZE = 100;

/**
 * The invocations that an isolate has seen and not yet sent to the logs of their accounts. They are sent
 * together after an interval, by what the first of their requests leaves behind: none waits for it.
 */
export class LogRecorder {
  readonly #env: RecorderEnv;
  readonly #intervalMs: number;
  #gathered: InvocationLog[] = [];
  #size = 0;
  /** When a request will send what has gathered; 0 when none is going to. */
  #dueAt = 0;

  constructor(env: RecorderEnv) {
    this.#env = env;
    const seconds = Number(env.VERGE_LOG_INTERVAL_SECONDS ?? DEFAULT_INTERVAL_SECONDS);
    this.#intervalMs = Math.min(seconds >= 0 ? seconds : DEFAULT_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS) * 1_000;
  }

  /** `defer` is that of the request: what it is given goes on after the answer. */
  record(log: InvocationLog, defer: (work: Promise<unknown>) => void): void {
    this.#gathered.push(log);
    this.#size += log.size + ENTRY_SIZE;
    if (this.#size > MAX_SIZE || this.#gathered.length > MAX_ENTRIES) {
      defer(this.#send());
      return;
    }
    const now = Date.now();
    if (this.#dueAt + OVERDUE_MS > now) return;
    this.#dueAt = now + this.#intervalMs;
    defer(this.#sendLater());
  }

  async #sendLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#intervalMs));
    await this.#send();
  }

  async #send(): Promise<void> {
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#size = 0;
    this.#dueAt = 0;
    const byAccount = Map.groupBy(gathered, ({ accountId }) => accountId);
    await Promise.all([...byAccount].map(([accountId, logs]) => this.#append(accountId, logs)));
  }

  /** Lines that cannot be stored are lost, which the Worker's own log says: a function never fails for its logs. */
  async #append(accountId: string, logs: readonly InvocationLog[]): Promise<void> {
    const segments = createBatches(logs);
    try {
      await askLogIndex(this.#env, accountId, (index) => index.append(segments, true));
    } catch (error) {
      console.error(`The logs of ${logs.length} invocations were not stored: ${String(error)}`);
    }
  }
}

function createBatches(logs: readonly InvocationLog[]) {
  const now = Date.now();
  const described = logs.map((log) => ({ group: log.group, ...log.describe() }));
  const byStream = Map.groupBy(described, ({ group, stream }) => `${group} ${stream}`);
  return [...byStream.values()].flatMap((own) => {
    const { group, stream } = own[0]!;
    return createSegments({ group, stream, runs: own }, now);
  });
}

const recorders = new WeakMap<object, LogRecorder>();

/** The isolate's recorder of a deployment. */
export function logRecorderOf(env: RecorderEnv): LogRecorder {
  const known = recorders.get(env);
  if (known) return known;
  const recorder = new LogRecorder(env);
  recorders.set(env, recorder);
  return recorder;
}
