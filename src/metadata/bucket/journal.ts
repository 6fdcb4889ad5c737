import type { BucketDocuments } from "./documents.ts";
import type { Audience, EventContext } from "./event-record.ts";
import type { BucketConfig, IndexAddress } from "./protocol.ts";
import type { ReplicationRow } from "./replication-rules.ts";
import { readCounter } from "./schema.ts";

/** Rows older than this are no longer searched for the id of a repeated operation. */
const REMEMBERED_MS = 15 * 60_000;

/** How the bytes of a version are kept. `upload`: the parts of an upload that was given up. */
export type BodyKind = "inline" | "packed" | "blob" | "manifest" | "borrowed";
export interface Body {
  readonly kind: BodyKind;
  readonly id: string;
}
/** What can become garbage. */
export interface Freed {
  readonly kind: "blob" | "manifest" | "borrowed" | "upload";
  readonly id: string;
}

/**
 * A row whose state the next export writes: a table with its key. A manifest is one such thing with all its
 * chunks; an upload that is gone takes its parts with it.
 */
export type Touched =
  | readonly ["objects", key: string]
  | readonly ["versions", key: string, sequence: number]
  | readonly ["bodies", id: number]
  | readonly ["manifests", id: string]
  | readonly ["refs", bodyId: string]
  | readonly ["pins", copyId: string]
  | readonly ["uploads", key: string, uploadId: string]
  | readonly ["upload_parts", uploadId: string, partNumber: number];

/** One mutation under way: what it touches and frees, for its journal row. */
export class Change {
  readonly sql: SqlStorage;
  /** The index object that changes. */
  readonly self: IndexAddress;
  /** Position of this change; also the holder id of the version that it makes. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What is configured of the bucket. */
  readonly documents: BucketDocuments;
  /** Who hears of it; absent where nobody does. */
  readonly audience: Audience | undefined;
  readonly touched: Touched[] = [];
  readonly freed: Freed[] = [];
  #messages = 0;
  #events = 0;
  #replications = 0;
  #noted = false;

  constructor(
    sql: SqlStorage,
    self: IndexAddress,
    sequence: number,
    at: number,
    config: BucketConfig,
    context?: EventContext,
  ) {
    this.sql = sql;
    this.self = self;
    this.sequence = sequence;
    this.at = at;
    this.documents = config.documents ?? {};
    this.audience = context && { config, context };
  }

  touch(...row: Touched): void {
    this.touched.push(row);
  }

  free(kind: Freed["kind"], id: string): void {
    this.freed.push({ kind, id });
  }

  /** Queues a message that leaves after the commit (outbox.ts). */
  send(kind: string, payload: unknown): void {
    this.sql.exec("INSERT INTO outbox (kind, payload, at) VALUES (?, ?, ?)", kind, JSON.stringify(payload), this.at);
    this.#messages += 1;
  }

  /** Queues an event for one destination (events.ts); `describe` is told how many this change has queued before. */
  notify(destination: string, traceHeader: string | undefined, describe: (position: number) => string): void {
    const position = this.#events++;
    this.sql.exec(
      "INSERT INTO events (destination, sequence, position, payload, trace) VALUES (?, ?, ?, ?, ?)",
      destination,
      this.sequence,
      position,
      describe(position),
      traceHeader ?? null,
    );
  }

  /** Queues a version for one destination (replicate.ts). */
  replicate({ destination, key, versionId, rule, whole }: Omit<ReplicationRow, "change" | "position" | "at">): void {
    this.sql.exec(
      `INSERT INTO replications (destination, change, position, key, version_id, rule, whole, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      destination,
      this.sequence,
      this.#replications++,
      key,
      versionId,
      rule,
      whole ? 1 : 0,
      this.at,
    );
  }

  /** Has a journal row written although no row of a table changed: the next export tells the configuration too. */
  note(): void {
    this.#noted = true;
  }

  get sentMessages(): boolean {
    return this.#messages > 0;
  }

  get queuedEvents(): boolean {
    return this.#events > 0;
  }

  get queuedReplications(): boolean {
    return this.#replications > 0;
  }

  /** False after a refusal: nothing was changed, and nothing needs a journal row. */
  get changedAnything(): boolean {
    return this.#noted || this.touched.length > 0 || this.freed.length > 0;
  }
}

/** A row is at most 2 MB; keys of control characters take six characters of JSON for each of theirs. */
const MAX_ROW_CHARACTERS = 500_000;

/**
 * The journal row of a change. It answers a repeated operation (consistency rule 8), tells the export what
 * to write, carries freed bodies until they become garbage, and holds the sequence across restarts. A change
 * of very many keys takes further rows and sequences; answers the last.
 */
export function writeJournal(change: Change, operationId: string, outcome: unknown): number {
  const touched = sliceJson(change.touched);
  const freed = sliceJson(change.freed);
  const rows = Math.max(1, touched.length, freed.length);
  for (let row = 0; row < rows; row++) {
    change.sql.exec(
      "INSERT INTO journal (sequence, operation_id, at, touched, freed, outcome) VALUES (?, ?, ?, ?, ?, ?)",
      change.sequence + row,
      row === 0 ? operationId : "",
      change.at,
      touched[row] ?? "[]",
      freed[row] ?? null,
      row === 0 && outcome !== undefined ? JSON.stringify(outcome) : null,
    );
  }
  return change.sequence + rows - 1;
}

/** The list as JSON, in as many pieces as rows need. */
function sliceJson(list: readonly unknown[]): string[] {
  if (list.length === 0) return [];
  const json = JSON.stringify(list);
  if (json.length <= MAX_ROW_CHARACTERS || list.length === 1) return [json];
  const middle = Math.ceil(list.length / 2);
  return [...sliceJson(list.slice(0, middle)), ...sliceJson(list.slice(middle))];
}

/** What the operation answered the first time; undefined when it never arrived, or changed nothing. */
export function findOutcome(sql: SqlStorage, operationId: string): unknown {
  // Newest first: a repetition follows within seconds.
  const row = sql
    .exec<{ outcome: string | null }>(
      "SELECT outcome FROM journal WHERE operation_id = ? ORDER BY sequence DESC LIMIT 1",
      operationId,
    )
    .next();
  return row.done || row.value.outcome === null ? undefined : JSON.parse(row.value.outcome);
}

/** The last sequence that was given out. Exported rows may be gone, so the mark of the export counts too. */
export function readLastSequence(sql: SqlStorage): number {
  const { last } = sql.exec<{ last: number | null }>("SELECT max(sequence) AS last FROM journal").one();
  return Math.max(last ?? 0, readCounter(sql, "exported"), readCounter(sql, "sequence_floor"));
}

/** Forgets exported rows whose operations nobody repeats any more. */
export function forgetOldRows(sql: SqlStorage, now: number): void {
  const exported = readCounter(sql, "exported");
  sql.exec("DELETE FROM journal WHERE sequence <= ? AND at < ?", exported, now - REMEMBERED_MS);
}

export interface JournalRow {
  readonly sequence: number;
  readonly at: number;
  readonly touched: readonly Touched[];
  readonly freed: readonly Freed[];
}

/** Rows that no segment holds yet, oldest first. */
export function* readUnexported(sql: SqlStorage): Generator<JournalRow> {
  const rows = sql.exec<{ sequence: number; at: number; touched: string; freed: string | null }>(
    "SELECT sequence, at, touched, freed FROM journal WHERE sequence > ? ORDER BY sequence",
    readCounter(sql, "exported"),
  );
  for (const row of rows) {
    yield {
      sequence: row.sequence,
      at: row.at,
      touched: JSON.parse(row.touched) as Touched[],
      freed: row.freed === null ? [] : (JSON.parse(row.freed) as Freed[]),
    };
  }
}

export function hasUnexported(sql: SqlStorage): boolean {
  const newest = sql.exec<{ last: number | null }>("SELECT max(sequence) AS last FROM journal").one().last;
  return newest !== null && newest > readCounter(sql, "exported");
}
