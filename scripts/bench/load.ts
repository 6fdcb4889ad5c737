import { Connection, type PreparedRequest } from "./connection.ts";

export interface LoadOptions {
  readonly origin: string;
  readonly connections: number;
  /** The next request of the run; undefined when there is none left. */
  readonly next: () => PreparedRequest | undefined;
  /** No request begins after this time. */
  readonly seconds: number;
  /** CPU seconds that the server has used so far; undefined where the system does not say. */
  readonly serverCpu?: () => number | undefined;
}

/** One run of load against one server. */
export interface Measurement {
  readonly requests: number;
  /** From the first request's start to the last answer's end. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
  /**
   * Milliseconds of CPU that the server used for each request, background work of the moment included; 0
   * where the system does not say. Unlike the rate it does not depend on what else the machine does.
   */
  readonly serverCpu: number;
  /** CPU time of this process per second: near 1, the generator is what was measured. */
  readonly generatorLoad: number;
}

/**
 * Keeps `connections` connections busy, each with one request at a time. Nothing is cut off at the end:
 * the last answers are awaited and their time counts.
 */
export async function runLoad(options: LoadOptions): Promise<Measurement> {
  const opened = await Promise.all(
    Array.from({ length: options.connections }, () => Connection.open(options.origin, 256 * 1024)),
  );
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const serverBefore = options.serverCpu?.() ?? 0;
  const started = performance.now();
  const deadline = started + options.seconds * 1000;
  try {
    await Promise.all(opened.map((connection) => keepBusy(connection, options.next, deadline, latencies)));
  } finally {
    for (const connection of opened) connection.close();
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const serverSeconds = (options.serverCpu?.() ?? 0) - serverBefore;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    seconds,
    requestsPerSecond: latencies.length / seconds,
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    serverCpu: (serverSeconds * 1000) / latencies.length,
    generatorLoad: (user + system) / 1_000_000 / seconds,
  };
}

async function keepBusy(
  connection: Connection,
  next: () => PreparedRequest | undefined,
  deadline: number,
  latencies: number[],
): Promise<void> {
  for (;;) {
    const begun = performance.now();
    if (begun >= deadline) return;
    const request = next();
    if (request === undefined) return;
    await connection.send(request);
    latencies.push(performance.now() - begun);
  }
}

/** Of a sorted list, by nearest rank; 0 of an empty one. */
function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0;
}

export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
