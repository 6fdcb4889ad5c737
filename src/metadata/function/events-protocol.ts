/**
 * What the Worker and a function's FunctionEvents say to each other. Plain values only; fields are only ever
 * added (objects run old code for minutes after a deploy).
 */

/** Where asynchronous invocations of a function wait. */
export interface EventTarget {
  readonly accountId: string;
  readonly functionName: string;
}

/** On the queue `INVOCATIONS`: something is due. It may be lost or come twice; what is due stands in the object. */
export type EventsMessage = EventTarget;

/** An asynchronous invocation, as it is accepted. */
export interface AcceptedEvent {
  /** The request id, which the handler sees. While an event waits, another one of the same id is not accepted. */
  readonly id: string;
  /** A version's number or an alias; `$LATEST` when absent. */
  readonly qualifier?: string;
  /** JSON text; empty counts as `{}`. */
  readonly payload: Uint8Array;
  /** Who sent it. */
  readonly source: "invoke" | "s3" | "scheduler" | "destination";
  /** `X-Amzn-Trace-Id` of the request that caused it: carries the lineage by which endless loops are found. */
  readonly traceHeader?: string;
}

/** An event on its way to a dead-letter queue, and why. */
export interface DeadLetter {
  /** ARN of the queue. */
  readonly queue: string;
  /** Where in the payload the event is, in bytes; all of it when absent. */
  readonly event?: { readonly begin: number; readonly end: number };
  readonly requestId: string;
  /** The status that an invocation of the type RequestResponse would have had. */
  readonly errorCode: number;
  /** At most 1 KB of it. */
  readonly errorMessage: string;
}

/**
 * An invocation record on its way to a destination. It takes the place of the event's payload, unless there is
 * only a dead letter to be delivered.
 */
export interface Delivery {
  /** ARN of a function, a bucket or a queue; absent when there is only a dead letter. */
  readonly destination?: string;
  readonly deadLetter?: DeadLetter;
  /** Request id of the function that is invoked with the record, or the last part of the object's key. */
  readonly deliveryId: string;
  /** Milliseconds since 1970, as all times here. */
  readonly since: number;
}

/** Names a lease: the next one of the same event ends later. */
export interface LeaseName {
  readonly id: string;
  /** When it ends. */
  readonly until: number;
}

/** Work that nobody else does until the lease ends. */
export interface LeasedEvent extends LeaseName, AcceptedEvent {
  readonly acceptedAt: number;
  /** How often it was leased, throttled attempts left out; this time is counted. */
  readonly attempts: number;
  /** How many of the attempts before ended with an error of the function. */
  readonly failures: number;
  /** How often in a row it was put off without having run. */
  readonly delays: number;
  /** The function has run for the last time: the payload is the invocation record, which is to be delivered. */
  readonly delivery?: Delivery;
}

/** What became of a lease. One that has ended meanwhile, or is unknown, is passed over. */
export type Settlement = LeaseName &
  (
    | { readonly outcome: "done" }
    /** The function failed, and runs again at `due`. */
    | { readonly outcome: "failed"; readonly due: number }
    /** Throttled, or kept from running by a fault of this deployment: again at `due`. */
    | { readonly outcome: "delayed"; readonly due: number }
    /** The function has run for the last time; what is left is to deliver `record`. */
    | {
        readonly outcome: "deliver";
        readonly delivery: Delivery;
        readonly record: Uint8Array;
        readonly traceHeader: string;
      }
  );

/** A runner reports what it has done, and asks for more. */
export interface Exchange {
  readonly target: EventTarget;
  /** The same in all calls of one runner. */
  readonly runnerId: string;
  /** The first call of a runner that a message has woken. */
  readonly arriving: boolean;
  readonly settled: readonly Settlement[];
  /** At most so many; 0 when the runner takes no more. */
  readonly want: number;
  /** For how long, in milliseconds: longer than the function may take. */
  readonly leaseMs: number;
  /** Of the function at the same time, its reserved concurrency; none when absent. */
  readonly limit?: number;
  /** Events that this runner is running meanwhile. */
  readonly running: number;
  /** Milliseconds that one event has taken lately; absent before the first. */
  readonly eventMs?: number;
}

/** The calls that the Worker makes; see `bucket/index-api.ts` for why stubs are seen through an interface. */
export interface FunctionEventsApi {
  /** Durable when it answers; all of them or none. */
  accept(target: EventTarget, events: readonly AcceptedEvent[]): Promise<void>;
  /** Leases end where the caller died, so that it may be called again when the answer was lost. */
  exchange(call: Exchange): Promise<readonly LeasedEvent[]>;
  /** Makes leases last so many milliseconds from now; answers their new ends, undefined for those that had ended. */
  extend(leases: readonly LeaseName[], leaseMs: number): Promise<readonly (number | undefined)[]>;
  /** Drops everything: the function was deleted. */
  clear(): Promise<void>;
}
