import { crc32 } from "node:zlib";
import { compareUtf8 } from "../../lib/text-order.ts";
import { createRequestIds } from "../../lib/request-id.ts";
import { announce, LIFECYCLE } from "./announce.ts";
import { removeVersion } from "./deletes.ts";
import type { EventContext } from "./event-record.ts";
import type { Change } from "./journal.ts";
import {
  abortsUpload,
  type Clock,
  expiresMarker,
  expiresNoncurrent,
  findExpiration,
  findTransition,
  type LifecycleConfiguration,
  type LifecycleSubject,
} from "./lifecycle-rules.ts";
import { isProtected } from "./object-lock.ts";
import { rewriteStorageClass, type StoredObject, type StoredRow, toStored } from "./objects.ts";
import type { ObjectRecord } from "./protocol.ts";
import { awaitsReplication } from "./replicate.ts";
import { findPlace, isPlaceProtected, mark } from "./succession.ts";
import { dropUpload } from "./uploads.ts";
import { readVersionRows, type VersionPosition } from "./version-rows.ts";
import type { FoundMarker } from "./versions.ts";

/**
 * What lifecycle rules do to an index object once a day: a walk over its versions and uploads, a page to a
 * transaction, which goes on where it was after a crash. What it reads of a key does not depend on how many
 * there are.
 */

/** Rows a page: a page is one transaction, during which no request is served. */
const PAGE_ROWS = 500;

/** Where a walk is. */
interface Position extends VersionPosition {
  /** Of the version that the walk has passed last: when the next one became noncurrent. */
  readonly modifiedAt: number;
  /** Noncurrent versions of the key that the walk has passed. */
  readonly noncurrent: number;
}
interface Walk {
  readonly startedAt: number;
  readonly stage: "versions" | "uploads";
  /** Of the versions; of the uploads [key, upload id]. Absent at the beginning. */
  readonly position?: Position | readonly [string, string];
}

/** The next time that rules are looked at: after midnight, and not by every index object at once. */
export function nextLifecycle(name: string, now: number, dayMs: number): number {
  const delay = (crc32(name) / 2 ** 32) * (dayMs / 24);
  return (Math.floor((now - delay) / dayMs) + 1) * dayMs + delay;
}

export function hasLifecycle(
  configuration: LifecycleConfiguration | undefined,
): configuration is LifecycleConfiguration {
  return configuration?.rules.some(({ enabled }) => enabled) === true;
}

/** Who causes what rules do, as events about it say. */
export function describeLifecycle(): EventContext {
  return {
    ...createRequestIds(),
    operation: LIFECYCLE,
    principalId: "s3.amazonaws.com",
    sourceAddress: "s3.amazonaws.com",
  };
}

/** Takes the next page, beginning a walk if none is under way. False when the walk is at its end. */
export function walkPage(change: Change, configuration: LifecycleConfiguration, dayMs: number): boolean {
  const walk = readWalk(change.sql) ?? { startedAt: change.at, stage: "versions" };
  const pass = { change, configuration, clock: { now: walk.startedAt, dayMs } };
  const next = walk.stage === "versions" ? walkVersions(pass, walk) : walkUploads(pass, walk);
  writeWalk(change.sql, next);
  return next !== undefined;
}

/** Forgets a walk: there are no rules any more. */
export function endWalk(sql: SqlStorage): void {
  sql.exec("DELETE FROM lifecycle");
}

/** One page's work. */
interface Pass {
  readonly change: Change;
  readonly configuration: LifecycleConfiguration;
  readonly clock: Clock;
}

function walkVersions(pass: Pass, walk: Walk): Walk {
  const position = walk.position as Position | undefined;
  const rows = readVersionRows(pass.change.sql, listPrefixes(pass.configuration), position, PAGE_ROWS);
  let last = position;
  for (const row of rows) last = visit(pass, row, last);
  if (rows.length === 0 || !last) return { startedAt: walk.startedAt, stage: "uploads" };
  return { startedAt: walk.startedAt, stage: "versions", position: last };
}

/** One version or delete marker; answers where the walk is behind it. */
function visit(pass: Pass, row: StoredRow, before: Position | undefined): Position {
  const [key, sequence, , , , modifiedAt] = row;
  const former = before?.key === key ? before : undefined;
  const stored = row[9] === "marker" ? undefined : toStored(row);
  const subject: LifecycleSubject = {
    key,
    // A noncurrent version is as old as the one that replaced it.
    since: former ? former.modifiedAt : modifiedAt,
    ...(stored && { size: stored.record.size, tags: stored.record.attributes.tags ?? [] }),
  };
  if (former) treatNoncurrent(pass, row, stored, subject, former.noncurrent);
  else if (stored) treatCurrent(pass, stored, subject);
  else treatMarker(pass, row, subject);
  return { key, sequence, modifiedAt, noncurrent: former ? former.noncurrent + 1 : 0 };
}

function treatCurrent({ change, configuration, clock }: Pass, stored: StoredObject, subject: LifecycleSubject): void {
  const { record } = stored;
  if (awaitsReplication(record.attributes)) return;
  const expiration = findExpiration(configuration.rules, subject, clock.dayMs);
  if (expiration && expiration.at <= clock.now) return expire(change, stored);
  const target = findTransition(configuration, subject, { storageClass: record.storageClass }, clock);
  if (target !== undefined) transition(change, record, target);
}

/** With versioning the object is hidden, not removed. */
function expire(change: Change, stored: StoredObject): void {
  const { key, ownerId } = stored.record;
  const place = findPlace(change, key);
  if (isPlaceProtected(place, change.at)) return;
  if (change.documents.versioning === undefined) {
    removeVersion(change, key, { found: "object", current: true, ...stored });
  } else mark(change, place, ownerId);
}

function treatNoncurrent(
  { change, configuration, clock }: Pass,
  row: StoredRow,
  stored: StoredObject | undefined,
  subject: LifecycleSubject,
  newer: number,
): void {
  if (stored && awaitsReplication(stored.record.attributes)) return;
  if (expiresNoncurrent(configuration.rules, subject, newer, clock)) {
    if (isProtected(stored?.record.attributes.lock, change.at, false)) return;
    removeVersion(change, row[0], stored ? { found: "object", current: false, ...stored } : toMarker(row, false));
    return;
  }
  if (!stored) return;
  const { record } = stored;
  const target = findTransition(configuration, subject, { storageClass: record.storageClass, newer }, clock);
  if (target !== undefined) transition(change, record, target);
}

function transition(change: Change, record: ObjectRecord, destinationStorageClass: string): void {
  rewriteStorageClass(change, record, destinationStorageClass);
  const { key, versionId, size, etag } = record;
  announce(change, "LifecycleTransition", { key, versionId, size, etag, destinationStorageClass });
}

/** A delete marker that is the latest version goes when it is the only one. */
function treatMarker({ change, configuration, clock }: Pass, row: StoredRow, subject: LifecycleSubject): void {
  if (!expiresMarker(configuration.rules, subject, clock)) return;
  const versions = change.sql.exec("SELECT 1 FROM versions WHERE key = ? LIMIT 2", subject.key).toArray();
  if (versions.length === 1) removeVersion(change, subject.key, toMarker(row, true));
}

function toMarker([, sequence, versionId, , , modifiedAt]: StoredRow, latest: boolean): FoundMarker {
  return { found: "marker", marker: { sequence, versionId, modifiedAt, latest } };
}

/** The prefixes that rules are about, in order, none within another. */
function listPrefixes({ rules }: LifecycleConfiguration): string[] {
  const prefixes = rules.flatMap(({ enabled, filter }) => (enabled ? [filter.prefix ?? ""] : []));
  const distinct = [...new Set(prefixes)].sort(compareUtf8);
  return distinct.filter((prefix) => !distinct.some((other) => other !== prefix && prefix.startsWith(other)));
}

function walkUploads({ change, configuration, clock }: Pass, walk: Walk): Walk | undefined {
  const [key, uploadId] = (walk.position as readonly [string, string] | undefined) ?? ["", ""];
  const uploads = change.sql
    .exec<{ key: string; upload_id: string; initiated: number }>(
      "SELECT key, upload_id, initiated FROM uploads WHERE (key, upload_id) > (?, ?) ORDER BY key, upload_id LIMIT ?",
      key,
      uploadId,
      PAGE_ROWS,
    )
    .toArray();
  for (const upload of uploads) {
    const subject = { key: upload.key, since: upload.initiated };
    if (abortsUpload(configuration.rules, subject, clock)) dropUpload(change, upload.key, upload.upload_id);
  }
  const last = uploads.at(-1);
  return last && { ...walk, position: [last.key, last.upload_id] };
}

function readWalk(sql: SqlStorage): Walk | undefined {
  const [row] = sql.exec<{ walk: string }>("SELECT walk FROM lifecycle").toArray();
  return row && (JSON.parse(row.walk) as Walk);
}

function writeWalk(sql: SqlStorage, walk: Walk | undefined): void {
  if (walk) sql.exec("INSERT OR REPLACE INTO lifecycle (id, walk) VALUES (0, ?)", JSON.stringify(walk));
  else endWalk(sql);
}
