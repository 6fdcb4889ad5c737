import { gzipSync } from "node:zlib";
import type { Served } from "../cdn/seeing/served.ts";
import { nameLogFile, renderLogFile, renderLogLine } from "../cdn/seeing/standard-log.ts";
import { readLocation } from "../cdn/edge/viewer.ts";
import { resolveOrigin } from "../cdn/origin/origin-address.ts";
import type { Env } from "../env.ts";
import type { DistributionSnapshot } from "../metadata/cdn/protocol.ts";
import type { TrafficRow } from "../metadata/cdn-traffic/protocol.ts";
import { type BucketActor, putObjectFor } from "./act-on-bucket.ts";

const DEFAULT_INTERVAL_SECONDS = 20;
/** What a request leaves behind may go on for 30 seconds after it. */
const MAX_INTERVAL_SECONDS = 20;
/** A request that was to send what has gathered may have been cancelled: after so long another takes over. */
const OVERDUE_MS = 2_000;
/** Lines that are not kept waiting; also a bound on what a flood leaves in memory. */
const MAX_LINES = 20_000;
const MAX_ROWS = 5_000;

interface LogFile {
  readonly snapshot: DistributionSnapshot;
  readonly lines: string[];
}

type Counted = { -readonly [Member in keyof TrafficRow]: TrafficRow[Member] };

/**
 * The answers that an isolate has given and not yet told of: counters for the objects of the distributions, lines for
 * their logs. They are sent together after an interval, by what the first of their requests leaves behind.
 */
class CdnRecorder {
  readonly #intervalMs: number;
  #rows = new Map<string, Map<string, Counted>>();
  #rowCount = 0;
  #files = new Map<string, LogFile>();
  #lineCount = 0;
  /** When a request will send what has gathered; 0 when none is going to. */
  #dueAt = 0;

  constructor(env: Env) {
    const seconds = Number(env.VERGE_LOG_INTERVAL_SECONDS ?? DEFAULT_INTERVAL_SECONDS);
    this.#intervalMs = Math.min(seconds >= 0 ? seconds : DEFAULT_INTERVAL_SECONDS, MAX_INTERVAL_SECONDS) * 1_000;
  }

  record(served: Served, actor: BucketActor): void {
    const location = readLocation(served.viewer);
    this.#count(served, location);
    if (served.distribution.config.Logging.Enabled) this.#log(served, location);
    const now = served.answeredAt;
    if (this.#lineCount >= MAX_LINES || this.#rowCount >= MAX_ROWS) {
      actor.defer(this.#send(actor));
    } else if (this.#dueAt + OVERDUE_MS <= now) {
      this.#dueAt = now + this.#intervalMs;
      actor.defer(this.#sendLater(actor));
    }
  }

  #count(served: Served, location: string): void {
    const { distribution, response, result, bytes, answeredAt } = served;
    const { status } = response;
    let rows = this.#rows.get(distribution.id);
    if (!rows) this.#rows.set(distribution.id, (rows = new Map()));
    const minute = Math.floor(answeredAt / 60_000) * 60;
    const key = `${minute} ${status} ${result}`;
    let row = rows.get(key);
    if (!row) {
      const none = { requests: 0, bytes: 0, originRequests: 0, originMilliseconds: 0 };
      rows.set(key, (row = { minute, location, status, result, ...none }));
      this.#rowCount++;
    }
    row.requests++;
    row.bytes += bytes;
    const { originMs } = served.notes;
    if (originMs === undefined) return;
    row.originRequests++;
    row.originMilliseconds += originMs;
  }

  #log(served: Served, location: string): void {
    const { snapshot } = served.distribution;
    const { Bucket, Prefix } = snapshot.config.Logging;
    // By what it says as well: a change of the bucket between two answers sends each to its own.
    const key = [snapshot.id, Bucket, Prefix].join("\n");
    const file = this.#files.get(key) ?? { snapshot, lines: [] };
    this.#files.set(key, file);
    file.lines.push(renderLogLine(served, location));
    this.#lineCount++;
  }

  async #sendLater(actor: BucketActor): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#intervalMs));
    await this.#send(actor);
  }

  async #send(actor: BucketActor): Promise<void> {
    const [rows, files] = [this.#rows, this.#files];
    this.#rows = new Map();
    this.#files = new Map();
    [this.#rowCount, this.#lineCount, this.#dueAt] = [0, 0, 0];
    await Promise.all([
      ...[...rows].map(([id, counted]) => sendRows(actor, id, [...counted.values()])),
      ...[...files.values()].map((file) => writeLogFile(actor, file)),
    ]);
  }
}

/** What cannot be told is lost, as with CloudFront: no viewer waits for it. The Worker's own log says so. */
async function sendRows({ env }: BucketActor, distributionId: string, rows: readonly TrafficRow[]): Promise<void> {
  try {
    await env.CDN_TRAFFIC.getByName(distributionId).add(rows);
  } catch (error) {
    console.error(`Metrics of ${distributionId} were lost: ${String(error)}`);
  }
}

async function writeLogFile(actor: BucketActor, { snapshot, lines }: LogFile): Promise<void> {
  const { Bucket, Prefix } = snapshot.config.Logging;
  const target = resolveOrigin({ DomainName: Bucket }, actor.deployment.domain);
  try {
    if (target.kind !== "bucket") throw new Error(`${Bucket} is no bucket of this deployment`);
    const bytes = gzipSync(renderLogFile(lines));
    const key = nameLogFile(Prefix, snapshot.id, Date.now());
    const object = { bucket: target.bucket, key, bytes, contentType: "application/x-gzip", traceHeader: "" };
    await putObjectFor(snapshot.accountId, object, actor);
  } catch (error) {
    console.error(`${lines.length} lines of the log of ${snapshot.id} were lost: ${String(error)}`);
  }
}

const recorders = new WeakMap<Env, CdnRecorder>();

/** Tells of an answer, some seconds later and together with others. */
export function recordServed(served: Served, actor: BucketActor): void {
  let recorder = recorders.get(actor.env);
  if (!recorder) recorders.set(actor.env, (recorder = new CdnRecorder(actor.env)));
  recorder.record(served, actor);
}
