import { findStoredElements, findStoredText, type StoredElement } from "../../lib/stored-element.ts";
import type { BucketDocuments } from "./documents.ts";
import { nextLifecycle } from "./lifecycle.ts";
import type { BucketConfig } from "./protocol.ts";
import { readCounter, writeCounter } from "./schema.ts";
import type { VersionPosition } from "./version-rows.ts";

/**
 * Inventory reports of a bucket (Amazon S3 User Guide, "Cataloging and analyzing your data with S3 Inventory").
 * The bucket's first index object says when one is due and keeps how far it is; jobs write it, a file a step.
 */

/** What a report is to be. */
export interface InventoryConfiguration {
  readonly id: string;
  readonly enabled: boolean;
  readonly weekly: boolean;
  readonly allVersions: boolean;
  readonly prefix: string;
  /** As AWS names them, in the order of the document. */
  readonly fields: readonly string[];
  readonly destination: InventoryDestination;
}
export interface InventoryDestination {
  readonly bucket: string;
  /** Without a slash at its end; empty where there is none. */
  readonly prefix: string;
  /** Who must own the bucket; absent: whoever does. */
  readonly accountId?: string;
  /** Absent: as the bucket encrypts by default. */
  readonly encryption?: { readonly kmsKey?: string };
}

/** A report under way. */
export interface InventoryRun {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The configuration as it was then: JSON, as it is stored. */
  readonly configuration: string;
  readonly step: number;
  /** The index object whose keys come next; as many as there are: all are written. */
  readonly shard: number;
  /** In it; absent at its beginning. */
  readonly position?: VersionPosition;
  readonly files: readonly InventoryFile[];
  /** Somebody is at the step until then. */
  readonly leasedUntil: number;
  readonly leasedBy?: string;
  /** At the step, this one among them. */
  readonly attempts: number;
}
export interface InventoryFile {
  readonly key: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly md5: string;
}
export interface InventoryClaim {
  readonly run: InventoryRun;
  readonly bucket: BucketConfig;
}

/** A step to be taken, as the message about it says. */
export interface InventoryStep {
  readonly id: string;
  readonly step: number;
}

/** Who takes a step says who it is: one whose answer was lost, or who failed before it could give it back, asks again. */
export type InventoryClaimCall = InventoryStep & { readonly claimant: string };

/** A step that did not end in this time was lost with its machine. */
const LEASE_MS = 5 * 60_000;
/** Where a setting makes days short, nobody waits for many of them. */
const LEASE_DAYS = 10;
/** How often runs are looked after. */
const WATCH_MS = 60_000;
/** Then a report is given up until the next is due. */
const MAX_ATTEMPTS = 10;
/** Days are counted from 1 January 1970, a Thursday. S3 writes weekly reports on Sundays. */
const FIRST_SUNDAY = 3;

export function readInventory(json: string): InventoryConfiguration {
  const stored = JSON.parse(json) as StoredElement[];
  const text = (...path: string[]) => findStoredText(stored, ...path);
  const destination = findStoredElements(stored, "Destination", "S3BucketDestination");
  const accountId = findStoredText(destination, "AccountId");
  const [encryption] = findStoredElements(destination, "Encryption");
  const kmsKey = findStoredText(destination, "Encryption", "SSE-KMS", "KeyId");
  return {
    id: text("Id") ?? "",
    enabled: text("IsEnabled") === "true",
    weekly: text("Schedule", "Frequency") === "Weekly",
    allVersions: text("IncludedObjectVersions") === "All",
    prefix: text("Filter", "Prefix") ?? "",
    fields: findStoredElements(stored, "OptionalFields").flatMap(([, name]) =>
      typeof name === "string" ? [name] : [],
    ),
    destination: {
      bucket: (findStoredText(destination, "Bucket") ?? "").replace(/^.*:::/, ""),
      prefix: (findStoredText(destination, "Prefix") ?? "").replace(/\/$/, ""),
      ...(accountId !== undefined && { accountId }),
      ...(encryption && { encryption: kmsKey === undefined ? {} : { kmsKey } }),
    },
  };
}

/** When reports are looked at: once a day, as lifecycle rules are. */
export interface InventoryClock {
  readonly now: number;
  readonly dayMs: number;
  /** What spreads the buckets over the first hour of the day. */
  readonly name: string;
}

/** The next time that reports may be due; undefined where none is ever. Counts from the day of its first call on. */
export function nextInventory(
  sql: SqlStorage,
  documents: BucketDocuments | undefined,
  clock: InventoryClock,
): number | undefined {
  const running = listRuns(sql).length > 0;
  if (!running && listEnabled(documents).length === 0) return undefined;
  if (readCounter(sql, "inventory_day") === 0) writeCounter(sql, "inventory_day", dayOf(clock));
  const tomorrow = nextLifecycle(clock.name, clock.now, clock.dayMs);
  return running ? Math.min(tomorrow, clock.now + WATCH_MS) : tomorrow;
}

/** Begins the reports that are due, and answers the steps that nobody is at. */
export function takeDueSteps(
  sql: SqlStorage,
  documents: BucketDocuments | undefined,
  clock: InventoryClock,
): InventoryStep[] {
  const day = dayOf(clock);
  if (day > readCounter(sql, "inventory_day")) {
    writeCounter(sql, "inventory_day", day);
    for (const configuration of listEnabled(documents)) begin(sql, configuration, day, clock.now);
  }
  return listRuns(sql)
    .filter(({ leasedUntil }) => leasedUntil <= clock.now)
    .map(({ id, step }) => ({ id, step }));
}

/** Takes a step for a while; undefined where it is taken, or there is nothing to do any more. */
export function claimStep(
  sql: SqlStorage,
  bucket: BucketConfig,
  { id, step, claimant }: InventoryClaimCall,
  { now, dayMs }: Pick<InventoryClock, "now" | "dayMs">,
): InventoryClaim | undefined {
  const run = findRun(sql, id);
  if (run?.step !== step || (run.leasedUntil > now && run.leasedBy !== claimant)) return undefined;
  const wanted = bucket.documents?.numbered?.inventory?.[id];
  if (wanted === undefined || !readInventory(wanted).enabled || run.attempts >= MAX_ATTEMPTS) {
    dropRun(sql, id);
    return undefined;
  }
  const leasedUntil = now + Math.min(LEASE_MS, LEASE_DAYS * dayMs);
  const claimed = { ...run, leasedUntil, leasedBy: claimant, attempts: run.attempts + 1 };
  writeRun(sql, claimed);
  return { run: claimed, bucket };
}

/** Notes what a step has come to: where the report goes on, or nothing where it is at its end. */
export function endStep(sql: SqlStorage, { id, step }: InventoryStep, next: InventoryRun | undefined): void {
  if (findRun(sql, id)?.step !== step) return;
  if (next) writeRun(sql, { ...next, leasedUntil: 0, attempts: 0 });
  else dropRun(sql, id);
}

/** Gives a step back that has failed. */
export function releaseStep(sql: SqlStorage, { id, step }: InventoryStep): void {
  const run = findRun(sql, id);
  if (run?.step === step) writeRun(sql, { ...run, leasedUntil: 0 });
}

function begin(sql: SqlStorage, configuration: string, day: number, now: number): void {
  const { id, weekly } = readInventory(configuration);
  // One that has not ended by the next day goes on.
  if ((weekly && day % 7 !== FIRST_SUNDAY) || findRun(sql, id)) return;
  writeRun(sql, { id, startedAt: now, configuration, step: 0, shard: 0, files: [], leasedUntil: 0, attempts: 0 });
}

function listEnabled(documents: BucketDocuments | undefined): string[] {
  return Object.values(documents?.numbered?.inventory ?? {}).filter((json) => readInventory(json).enabled);
}

/** Days since 1 January 1970, each beginning when reports are looked at. */
function dayOf({ name, now, dayMs }: InventoryClock): number {
  return Math.floor(nextLifecycle(name, now, dayMs) / dayMs) - 1;
}

function listRuns(sql: SqlStorage): InventoryRun[] {
  return sql
    .exec<{ run: string }>("SELECT run FROM inventory")
    .toArray()
    .map(({ run }) => JSON.parse(run) as InventoryRun);
}

function findRun(sql: SqlStorage, id: string): InventoryRun | undefined {
  const [row] = sql.exec<{ run: string }>("SELECT run FROM inventory WHERE id = ?", id).toArray();
  return row && (JSON.parse(row.run) as InventoryRun);
}

function writeRun(sql: SqlStorage, run: InventoryRun): void {
  sql.exec("INSERT OR REPLACE INTO inventory (id, run) VALUES (?, ?)", run.id, JSON.stringify(run));
}

function dropRun(sql: SqlStorage, id: string): void {
  sql.exec("DELETE FROM inventory WHERE id = ?", id);
}
