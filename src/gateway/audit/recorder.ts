import type { Env } from "../../env.ts";
import { type Defer, Gatherer, readInterval } from "../../lib/gatherer.ts";
import { askAuditTrail } from "../../metadata/trail/client.ts";
import { trailLimits } from "../../metadata/trail/limits.ts";
import type { TrailEvent } from "../../metadata/trail/protocol.ts";

type RecorderEnv = Pick<
  Env,
  "AUDIT_TRAILS" | "VERGE_AUDIT_INTERVAL_SECONDS" | "VERGE_AUDIT_DAYS" | "VERGE_AUDIT_EVENTS"
>;

/** A record on its way into the trail of an account. */
export interface OutgoingEvent {
  readonly accountId: string;
  readonly event: TrailEvent;
  /** Records with the same one may be told together, where there are many: it was denied. */
  readonly key?: string;
}

interface Gathered extends OutgoingEvent {
  /** How often it happened. */
  count: number;
}

/** Short: what an isolate that is thrown away has gathered is lost. Records of changes do not wait at all. */
const DEFAULT_INTERVAL_SECONDS = 1;
/** Records of one interval that differ, beyond which those of denied calls are told by account and call alone. */
const MAX_DETAILED = 200;
/** Records of one interval; beyond it none but those of changes stand for themselves. */
const MAX_GATHERED = 2_000;

/**
 * The records that an isolate has made and not yet sent. Whoever floods a deployment with denied calls writes a
 * bounded number of them each interval: what is alike is one record that says how often.
 */
export class AuditRecorder {
  readonly #env: RecorderEnv;
  readonly #gatherer: Gatherer<Gathered>;
  /** Of the interval: what can be counted up. */
  #open = new Map<string, Gathered>();
  #gathered = 0;

  constructor(env: RecorderEnv) {
    this.#env = env;
    this.#gatherer = new Gatherer({
      intervalMs: readInterval(env.VERGE_AUDIT_INTERVAL_SECONDS, DEFAULT_INTERVAL_SECONDS),
      maxSize: 0,
      send: (events) => this.#send(events),
    });
  }

  /** `defer` is that of the request. */
  record(outgoing: OutgoingEvent, defer: Defer): void {
    const key = this.#keyOf(outgoing);
    const alike = key === undefined ? undefined : this.#open.get(key);
    if (alike) {
      alike.count++;
      return;
    }
    const gathered = { ...outgoing, count: 1 };
    if (key !== undefined) this.#open.set(key, gathered);
    this.#gathered++;
    this.#gatherer.add(gathered, outgoing.event.kind === "change" ? 1 : 0, defer);
  }

  /** Records of changes stand for themselves, however many. */
  #keyOf({ accountId, event, key }: OutgoingEvent): string | undefined {
    const { kind, source, name } = event;
    if (key !== undefined && this.#gathered < MAX_DETAILED) return `${accountId}\n${key}`;
    const crowded = key !== undefined || (kind !== "change" && this.#gathered >= MAX_GATHERED);
    return crowded ? `${accountId}\n${source}\n${name}\n` : undefined;
  }

  async #send(gathered: readonly Gathered[]): Promise<void> {
    this.#open = new Map();
    this.#gathered = 0;
    const byAccount = Map.groupBy(gathered, ({ accountId }) => accountId);
    await Promise.all([...byAccount].map(([accountId, events]) => this.#append(accountId, events)));
  }

  /** Records that cannot be stored are lost, which the Worker's own log says: no call fails for its record. */
  async #append(accountId: string, gathered: readonly Gathered[]): Promise<void> {
    const events = gathered.map(countUp);
    try {
      await askAuditTrail(this.#env, accountId, (trail) => trail.append(events, trailLimits(this.#env)));
    } catch (error) {
      console.error(`${events.length} records of the audit trail of ${accountId} were not stored: ${String(error)}`);
    }
  }
}

function countUp({ event, count }: Gathered): TrailEvent {
  if (count === 1) return event;
  const record = JSON.parse(event.record) as { additionalEventData?: object };
  const additionalEventData = { ...record.additionalEventData, occurrences: count };
  return { ...event, record: JSON.stringify({ ...record, additionalEventData }) };
}

const recorders = new WeakMap<object, AuditRecorder>();

/** The isolate's recorder of a deployment. */
export function auditRecorderOf(env: RecorderEnv): AuditRecorder {
  const known = recorders.get(env);
  if (known) return known;
  const recorder = new AuditRecorder(env);
  recorders.set(env, recorder);
  return recorder;
}
