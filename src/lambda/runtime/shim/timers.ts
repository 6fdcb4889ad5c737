/** Errors thrown in timers end the invocation, as an uncaught exception ends Lambda's process. */
import { currentInvocation } from "./invocation.ts";
import { logRecord } from "./console.ts";
import { describeForLog } from "./errors.ts";

type Callback = (...values: unknown[]) => unknown;
type Scheduler = (callback: Callback, ...values: unknown[]) => unknown;

const NAMES = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"] as const;

export function installTimers(): void {
  for (const name of NAMES) {
    const original = Reflect.get(globalThis, name) as Scheduler | undefined;
    if (original) Reflect.set(globalThis, name, guardScheduler(original));
  }
  process.nextTick = guardScheduler(process.nextTick.bind(process) as Scheduler) as typeof process.nextTick;
}

/** For `node:timers`, which has its own. */
export function timerFunctions(): Record<string, unknown> {
  return Object.fromEntries(NAMES.slice(0, 3).map((name) => [name, Reflect.get(globalThis, name)]));
}

function guardScheduler(schedule: Scheduler): Scheduler {
  const guarded: Scheduler = (callback, ...values) => {
    return schedule(typeof callback === "function" ? guardCallback(callback) : callback, ...values);
  };
  // `util.promisify(setTimeout)` looks for its own form among the properties.
  return Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(schedule));
}

function guardCallback(callback: Callback): Callback {
  return function (this: unknown, ...values) {
    try {
      return callback.apply(this, values);
    } catch (error) {
      reportUncaught(error);
      return undefined;
    }
  };
}

function reportUncaught(error: unknown): void {
  if (process.listenerCount("uncaughtException") > 0) {
    process.emit("uncaughtException", error as Error);
    return;
  }
  logRecord("ERROR", ["Uncaught Exception", describeForLog(error)]);
  currentInvocation()?.end(error);
}
