import type { EventTarget, LeasedEvent, Settlement } from "../../metadata/function/events-protocol.ts";
import type { FoundFunction } from "../../metadata/function/protocol.ts";
import { RUNNER_LANES } from "../../metadata/function/runner-calls.ts";
import { LATEST } from "../names.ts";
import type { EventContext } from "./context.ts";
import { deliverRecord } from "./deliver.ts";
import { runEvent } from "./run-event.ts";

/** A runner takes no more events after that; those that it has then may take their whole time-out. */
const WORKING_MS = 20_000;
/** A lease lasts longer than the function's time-out: calls take time, and the host waits a little for the isolate. */
const LEASE_MARGIN_MS = 5_000;
/** An event whose lease has less than that beyond the time-out left is not begun. */
const MIN_MARGIN_MS = 2_000;
/** Of events that take no time, so many are leased at once that they last about so long. */
const BATCH_MS = 100;
const MAX_BATCH = 128;
/** What has been done is told after that at the latest. */
const TELL_AFTER_MS = 500;
/** After a fault of the deployment. */
const DELAY_MS = 1_000;
/** Records are held until they are told. */
const MAX_HELD_BYTES = 4_000_000;
/** How often an exchange is tried, and the wait before it is tried again, which doubles: some seconds in all. */
const EXCHANGE_ATTEMPTS = 6;
const EXCHANGE_RETRY_MS = 100;

/** Runs what is due of a function's events, as long as there is something, for about twenty seconds. */
export async function drainEvents(target: EventTarget, context: EventContext): Promise<void> {
  await new Runner(target, context).run();
}

/** Runs events side by side, each in one of its lanes, and exchanges what is done for what is due. */
class Runner {
  readonly #target: EventTarget;
  readonly #context: EventContext;
  readonly #id = crypto.randomUUID();
  readonly #startedAt = Date.now();
  #arriving = true;
  /** Leased, and not begun. */
  #waiting: LeasedEvent[] = [];
  #settled: Settlement[] = [];
  #heldBytes = 0;
  #running = 0;
  #batch = RUNNER_LANES;
  #exchanging: Promise<void> | undefined;
  #exchangedAt = 0;
  /** Of the events since the last exchange. */
  #ran = { count: 0, milliseconds: 0 };

  constructor(target: EventTarget, context: EventContext) {
    this.#target = target;
    this.#context = context;
  }

  /** Throws when the object cannot be reached, after all lanes have ended. */
  async run(): Promise<void> {
    const lanes = await Promise.allSettled(Array.from({ length: RUNNER_LANES }, () => this.#runLane()));
    if (this.#settled.length > 0) await this.#exchange(0);
    const failed = lanes.find((lane) => lane.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #runLane(): Promise<void> {
    for (let event = await this.#next(); event; event = await this.#next()) {
      this.#running++;
      const begin = Date.now();
      const settlement = await this.#work(event);
      this.#ran.milliseconds += Date.now() - begin;
      this.#ran.count++;
      this.#running--;
      this.#settled.push(settlement);
      if (settlement.outcome === "deliver") this.#heldBytes += settlement.record.byteLength;
    }
  }

  async #next(): Promise<LeasedEvent | undefined> {
    const isPressing =
      this.#heldBytes > MAX_HELD_BYTES ||
      (this.#settled.length > 0 && Date.now() - this.#exchangedAt > TELL_AFTER_MS) ||
      this.#waiting.length <= this.#batch / 4;
    if (this.#waiting.length === 0) await this.#exchangeOnce();
    else if (isPressing && this.#batch > RUNNER_LANES && !this.#exchanging) await this.#exchangeOnce();
    return this.#waiting.shift();
  }

  /** One exchange at a time: the lanes that come meanwhile wait for the same. */
  async #exchangeOnce(): Promise<void> {
    this.#exchanging ??= this.#exchange(this.#decideBatch()).finally(() => (this.#exchanging = undefined));
    await this.#exchanging;
  }

  /** As many as fill the idle lanes; more of a function that is done in no time. */
  #decideBatch(): number {
    if (Date.now() - this.#startedAt > WORKING_MS) return 0;
    const { count, milliseconds } = this.#ran;
    if (count > 0) {
      const fitting = Math.ceil((BATCH_MS * RUNNER_LANES) / Math.max(milliseconds / count, 0.1));
      this.#batch = Math.max(RUNNER_LANES, Math.min(fitting, this.#batch * 2, MAX_BATCH));
    }
    return this.#batch > RUNNER_LANES ? this.#batch : RUNNER_LANES - this.#running;
  }

  /** What has run would run again if nobody was told: that is tried until its lease may have ended. */
  async #exchange(want: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tell(want);
      } catch (error) {
        if (attempt === EXCHANGE_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, EXCHANGE_RETRY_MS * 2 ** (attempt - 1)));
      }
    }
  }

  async #tell(want: number): Promise<void> {
    const { ports } = this.#context;
    const latest = await this.#find(LATEST);
    if (!latest) return ports.askEvents(this.#target, (events) => events.clear());
    const [settled, ran, heldBytes] = [this.#settled, this.#ran, this.#heldBytes];
    const limit = latest.function.reservedConcurrency;
    const call = {
      target: this.#target,
      runnerId: this.#id,
      arriving: this.#arriving,
      settled,
      want,
      leaseMs: this.#longestRun(latest) + LEASE_MARGIN_MS,
      running: this.#running,
      // With none reserved at all nothing runs: what is leased is given up.
      ...(limit !== undefined && limit > 0 && { limit }),
      ...(ran.count > 0 && { eventMs: ran.milliseconds / ran.count }),
    };
    this.#settled = [];
    this.#heldBytes = 0;
    this.#ran = { count: 0, milliseconds: 0 };
    this.#exchangedAt = Date.now();
    try {
      this.#waiting.push(...(await ports.askEvents(this.#target, (events) => events.exchange(call))));
      this.#arriving = false;
    } catch (error) {
      // Those that were settled after all are passed over the next time.
      this.#settled = [...settled, ...this.#settled];
      this.#heldBytes += heldBytes;
      throw error;
    }
  }

  async #work(event: LeasedEvent): Promise<Settlement> {
    const { id, until, delivery, qualifier = LATEST } = event;
    if (delivery) return deliverRecord(event, delivery, this.#target, this.#context);
    const { ports } = this.#context;
    try {
      // A version or an alias that is gone: it may come back until the event is too old.
      const config = (await this.#find(qualifier)) ?? (await this.#find(LATEST));
      if (!config) return { id, until, outcome: "delayed", due: Date.now() + DELAY_MS };
      const needed = this.#longestRun(config);
      if (until - Date.now() >= needed + MIN_MARGIN_MS) return runEvent(event, this.#target, config, this.#context);
      const [extended] = await ports.askEvents(this.#target, (events) =>
        events.extend([{ id, until }], needed + LEASE_MARGIN_MS),
      );
      // It has been leased to another meanwhile: this settlement is passed over.
      if (extended === undefined) return { id, until, outcome: "delayed", due: until };
      return runEvent({ ...event, until: extended }, this.#target, config, this.#context);
    } catch (error) {
      console.error(`event ${id} of ${JSON.stringify(this.#target)}`, error);
      return { id, until, outcome: "delayed", due: Date.now() + DELAY_MS };
    }
  }

  /** What the directory remembers, unless events would be given up on its word. */
  async #find(qualifier: string): Promise<FoundFunction | undefined> {
    const { directory, ports } = this.#context;
    const { accountId, functionName } = this.#target;
    const found = await directory.findFunction(accountId, functionName, qualifier);
    const isRunnable = found !== undefined && found.function.reservedConcurrency !== 0;
    return isRunnable ? found : ports.findFunctionNow(accountId, functionName, qualifier);
  }

  /** Milliseconds. */
  #longestRun({ version, weighted }: FoundFunction): number {
    const seconds = Math.max(version.settings.timeoutSeconds, weighted?.version.settings.timeoutSeconds ?? 0);
    return Math.min(seconds * 1_000, this.#context.maxRunMs);
  }
}
