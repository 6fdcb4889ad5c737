import type { ChildProcess } from "node:child_process";
import { readResidentBytes, readStat } from "../proc.ts";

const MB = 1024 * 1024;
/** From here on what is idle is given back. */
const LARGE_BYTES = 1_024 * MB;
/** What a process may have that runs the functions of one machine: buffers outside of V8's heap know no limit. */
const MOST_BYTES = 1_536 * MB;
const INTERVAL_MILLISECONDS = 100;
/** Fifteen seconds of samples. */
const KEPT_SAMPLES = 150;

interface Sample {
  readonly at: number;
  readonly bytes: number;
  /** That it has had since it began. */
  readonly processorMilliseconds: number;
}

/** Watches how much memory and processor a process takes. On Linux only: elsewhere the heap limit alone ends what grows. */
export class ProcessWatch {
  readonly #pid: number | undefined;
  readonly #report: { exhausted(): void; large(): void };
  readonly #samples: Sample[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  constructor({ pid }: ChildProcess, report: { exhausted(): void; large(): void }) {
    this.#pid = pid;
    this.#report = report;
    this.#timer = setInterval(() => this.#sample(), INTERVAL_MILLISECONDS);
    this.#timer.unref();
  }

  /** Answers when it began to grow to what it had at last, milliseconds since 1970. */
  stop(): number {
    clearInterval(this.#timer);
    const sizes = this.#samples.map(({ bytes }) => bytes);
    const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
    const small = this.#samples.findLast(({ bytes }) => bytes <= least + (most - least) / 10);
    return small?.at ?? Date.now();
  }

  /** What it has had of the processor since then, milliseconds; undefined where nobody tells. */
  countProcessor(since: number): number | undefined {
    const now = readStat(this.#pid)?.processorMilliseconds;
    const then = this.#samples.findLast(({ at }) => at <= since) ?? this.#samples[0];
    return now === undefined || then === undefined ? undefined : now - then.processorMilliseconds;
  }

  #sample(): void {
    const bytes = readResidentBytes(this.#pid);
    const processorMilliseconds = readStat(this.#pid)?.processorMilliseconds;
    if (bytes === undefined || processorMilliseconds === undefined) return;
    this.#samples.push({ at: Date.now(), bytes, processorMilliseconds });
    if (this.#samples.length > KEPT_SAMPLES) this.#samples.shift();
    if (bytes > MOST_BYTES) this.#report.exhausted();
    else if (bytes > LARGE_BYTES) this.#report.large();
  }
}
