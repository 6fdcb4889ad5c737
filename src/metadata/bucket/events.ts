import { withTimeout } from "../../lib/timeout.ts";
import { Paces } from "./paces.ts";
import type { BucketConfig, IndexAddress } from "./protocol.ts";

/** An event on its way to a destination. */
export interface OutgoingEvent {
  /** The same in every attempt. */
  readonly id: string;
  /** JSON text. */
  readonly payload: string;
  readonly traceHeader?: string;
}

/** Hands events of a bucket over; when it answers, the destination has them, or will never take them. */
export type DeliverEvents = (
  bucket: BucketConfig,
  destination: string,
  events: readonly OutgoingEvent[],
) => Promise<void>;

export interface EventPorts {
  readonly sql: SqlStorage;
  readonly self: IndexAddress;
  readonly config: () => BucketConfig;
  readonly deliver: DeliverEvents;
  /** Has `deliverAll` called at that time. */
  readonly schedule: (at: number) => void;
}

const BATCH = 100;
/** Longer than this no destination keeps its next events waiting. */
const TIMEOUT_MS = 10_000;

/**
 * Takes the events of an index object to their destinations, each at its own pace: in batches, oldest first,
 * one batch at a time, and after a failure not before a pause that grows.
 */
export class EventDelivery {
  readonly #ports: EventPorts;
  readonly #paces: Paces;

  constructor(ports: EventPorts) {
    this.#ports = ports;
    this.#paces = new Paces(ports.schedule);
  }

  get hasEvents(): boolean {
    return this.#ports.sql.exec("SELECT 1 FROM events LIMIT 1").raw().next().done !== true;
  }

  /** To every destination that is not being served and has no pause. Never throws. */
  async deliverAll(): Promise<void> {
    await this.#paces.serveAll(this.#listDestinations(), (destination, noteProgress) =>
      this.#serve(destination, noteProgress),
    );
  }

  async #serve(destination: string, noteProgress: () => void): Promise<void> {
    let batch = this.#readBatch(destination);
    while (batch.length > 0) {
      await this.#hand(destination, batch);
      this.#forget(destination, batch);
      noteProgress();
      batch = this.#readBatch(destination);
    }
  }

  async #hand(destination: string, batch: readonly EventRow[]): Promise<void> {
    const { config, deliver } = this.#ports;
    const events = batch.map((row) => this.#describe(row));
    await withTimeout(deliver(config(), destination, events), TIMEOUT_MS);
  }

  /** One seek each: there may be many events of one destination. */
  #listDestinations(): string[] {
    const destinations: string[] = [];
    for (let after = ""; ;) {
      const { next } = this.#ports.sql
        .exec<{ next: string | null }>("SELECT min(destination) AS next FROM events WHERE destination > ?", after)
        .one();
      if (next === null) return destinations;
      destinations.push(next);
      after = next;
    }
  }

  #readBatch(destination: string): EventRow[] {
    return this.#ports.sql
      .exec<EventRow>(
        "SELECT sequence, position, payload, trace FROM events WHERE destination = ? ORDER BY sequence, position LIMIT ?",
        destination,
        BATCH,
      )
      .toArray();
  }

  #describe({ sequence, position, payload, trace }: EventRow): OutgoingEvent {
    const { bucketId, shard } = this.#ports.self;
    return {
      id: `${bucketId}/${shard}/${sequence}/${position}`,
      payload,
      ...(trace !== null && { traceHeader: trace }),
    };
  }

  /** Those that were delivered are the first of their destination: what comes later has a higher sequence. */
  #forget(destination: string, batch: readonly EventRow[]): void {
    const { sequence, position } = batch.at(-1)!;
    this.#ports.sql.exec(
      "DELETE FROM events WHERE destination = ? AND (sequence, position) <= (?, ?)",
      destination,
      sequence,
      position,
    );
  }
}

type EventRow = {
  readonly sequence: number;
  readonly position: number;
  readonly payload: string;
  readonly trace: string | null;
};
