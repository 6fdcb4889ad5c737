import type { Env } from "../../env.ts";
import { type Defer, Gatherer, readInterval } from "../../lib/gatherer.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { deliverRecords } from "./deliver.ts";
import { type AccessRecord, formatRecord } from "./line.ts";

/** A request to a bucket, as it leaves the isolate. */
export interface GatheredRecord {
  /** The bucket, with its logging as it was at the time. */
  readonly source: BucketConfig;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Without the owner, whom only the delivery looks up. */
  readonly line: string;
}

/** Every interval may cost an object for each logged bucket, in each isolate: as long as a request may go on. */
const DEFAULT_INTERVAL_SECONDS = 20;
/** Characters. */
const MAX_SIZE = 2_000_000;

/** The records of access that an isolate has made and not yet delivered. */
export class AccessRecorder {
  readonly #gatherer: Gatherer<GatheredRecord>;

  constructor(env: Env) {
    this.#gatherer = new Gatherer({
      intervalMs: readInterval(env.VERGE_LOG_INTERVAL_SECONDS, DEFAULT_INTERVAL_SECONDS),
      maxSize: MAX_SIZE,
      send: (records) => deliverRecords(env, records),
    });
  }

  record({ source, record }: { readonly source: BucketConfig; readonly record: AccessRecord }, defer: Defer): void {
    const line = formatRecord(record);
    this.#gatherer.add({ source, time: record.time, line }, line.length, defer);
  }
}

const recorders = new WeakMap<Env, AccessRecorder>();

/** The isolate's recorder of a deployment. */
export function accessRecorderOf(env: Env): AccessRecorder {
  const known = recorders.get(env);
  if (known) return known;
  const recorder = new AccessRecorder(env);
  recorders.set(env, recorder);
  return recorder;
}
