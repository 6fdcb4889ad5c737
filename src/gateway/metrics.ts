import type { Env } from "../env.ts";

export interface RequestFigures {
  readonly operation: string;
  readonly status: number;
  /** Until the headers were ready; the clock stands still while a Worker computes. */
  readonly milliseconds: number;
}

/** One data point a request; free of waiting, and dropped where the binding is missing. */
export function recordRequest(env: Env, { operation, status, milliseconds }: RequestFigures): void {
  env.METRICS?.writeDataPoint({ indexes: [operation], blobs: [operation, String(status)], doubles: [1, milliseconds] });
}
