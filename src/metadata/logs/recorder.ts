import type { Env } from "../../env.ts";
import { type Defer, Gatherer, readInterval } from "../../lib/gatherer.ts";
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
/** Characters of gathered lines that are not kept waiting. */
const MAX_SIZE = 1_000_000;
/** Of the record of an invocation, besides the lines of the function. */
const ENTRY_SIZE = 100;

/** The invocations that an isolate has seen and not yet sent to the logs of their accounts. */
export class LogRecorder {
  readonly #env: RecorderEnv;
  readonly #gatherer: Gatherer<InvocationLog>;

  constructor(env: RecorderEnv) {
    this.#env = env;
    this.#gatherer = new Gatherer({
      intervalMs: readInterval(env.VERGE_LOG_INTERVAL_SECONDS, DEFAULT_INTERVAL_SECONDS),
      maxSize: MAX_SIZE,
      send: (logs) => this.#send(logs),
    });
  }

  /** `defer` is that of the request: what it is given goes on after the answer. */
  record(log: InvocationLog, defer: Defer): void {
    this.#gatherer.add(log, log.size + ENTRY_SIZE, defer);
  }

  async #send(gathered: readonly InvocationLog[]): Promise<void> {
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
