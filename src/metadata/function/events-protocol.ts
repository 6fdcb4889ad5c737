/**
 * What the Worker and a function's FunctionEvents say to each other. Plain values only; fields are only ever
 * added (objects run old code for minutes after a deploy).
 */

/** Where asynchronous invocations of a function wait. */
export interface EventTarget {
  readonly accountId: string;
  readonly functionName: string;
}

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

/** The calls that the Worker makes; see `bucket/index-api.ts` for why stubs are seen through an interface. */
export interface FunctionEventsApi {
  /** Durable when it answers; all of them or none. */
  accept(target: EventTarget, events: readonly AcceptedEvent[]): Promise<void>;
}
