import type { Change } from "./journal.ts";
import { rewriteAttributes, STORED_COLUMNS, type StoredRow, toStored } from "./objects.ts";
import type { ObjectAttributes, ObjectRecord, ReplicationState } from "./protocol.ts";
import {
  findMarkerRules,
  findModificationRules,
  findReplicationRules,
  type ReplicationRow,
  type ReplicationRule,
  type ReplicationSubject,
} from "./replication-rules.ts";
import { findVersion } from "./versions.ts";

/** Queues a new version for where the bucket's rules send it; answers its record, which says so. */
export function replicateVersion(change: Change, record: ObjectRecord): ObjectRecord {
  const { replication: configuration } = change.documents;
  const former = record.attributes.replication;
  // What a copy brought along is its source's.
  const fresh = former ? { ...record, attributes: withReplication(record.attributes, undefined) } : record;
  if (!configuration || change.documents.versioning !== "Enabled") return fresh;
  const rules = findReplicationRules(configuration, subjectOf(fresh));
  if (rules.length === 0) return fresh;
  queue(change, fresh, rules, true);
  const state = { status: "PENDING", change: change.sequence, rules: rules.map(({ id }) => id) } as const;
  return { ...fresh, attributes: withReplication(fresh.attributes, state) };
}

/** Queues what a request changes of a version: tags, ACL, lock. Answers the record as it is to be written. */
export function replicateChange(change: Change, record: ObjectRecord): ObjectRecord {
  const state = record.attributes.replication;
  const { replication: configuration } = change.documents;
  // S3 replicates changes of what it has replicated, or is about to.
  if (!state || !configuration) return record;
  if (state.status === "REPLICA") {
    queue(change, record, findModificationRules(configuration, subjectOf(record)), false);
    return record;
  }
  const rules = configuration.rules.filter(({ id, enabled }) => enabled && state.rules?.includes(id));
  if (rules.length === 0) return record;
  queue(change, record, rules, false);
  if (state.status === "FAILED") return record;
  const pending = { ...state, status: "PENDING", change: change.sequence } as const;
  return { ...record, attributes: withReplication(record.attributes, pending) };
}

/** Queues the delete marker that a request made. Those of lifecycle rules stay where they are, as on S3. */
export function replicateMarker(change: Change, key: string, versionId: string): void {
  const { replication: configuration } = change.documents;
  if (configuration) queue(change, { key, versionId }, findMarkerRules(configuration, key), true);
}

/** Whether lifecycle rules leave the version alone until it has arrived ("S3 Lifecycle and replication"). */
export function awaitsReplication({ replication }: ObjectAttributes): boolean {
  return replication?.status === "PENDING" || replication?.status === "FAILED";
}

/** A row whose turn has come and gone: its version says how it ended. */
export function finishReplication(change: Change, row: ReplicationRow, outcome: "COMPLETED" | "FAILED"): void {
  change.sql.exec(
    "DELETE FROM replications WHERE destination = ? AND change = ? AND position = ?",
    row.destination,
    row.change,
    row.position,
  );
  const version = findVersion(change.sql, row.key, row.versionId);
  const state = version.found === "object" ? version.record.attributes.replication : undefined;
  if (version.found !== "object" || state?.status !== "PENDING") return;
  // A later change of the same version goes its own way, except that nothing mends what did not arrive.
  if (outcome === "COMPLETED" && (state.change !== row.change || isAwaited(change.sql, row, state))) return;
  const attributes = withReplication(version.record.attributes, { ...state, status: outcome });
  rewriteAttributes(change, { ...version.record, attributes });
}

/** After a rebuild, which does not know what waited: every version that did not arrive goes again. */
export function requeuePending(change: Change): void {
  const { replication: configuration } = change.documents;
  const pending = `SELECT ${STORED_COLUMNS} FROM`;
  const where = `WHERE body_kind <> 'marker' AND instr(attributes, '"status":"PENDING"') > 0`;
  const rows = [...change.sql.exec(`${pending} objects ${where} UNION ALL ${pending} versions ${where}`).raw()];
  for (const row of rows) {
    const { record } = toStored(row as unknown as StoredRow);
    const state = record.attributes.replication;
    if (state?.status !== "PENDING") continue;
    const rules = configuration?.rules.filter(({ id }) => state.rules?.includes(id)) ?? [];
    queue(change, record, rules, true);
    const next = { ...state, change: change.sequence, status: rules.length > 0 ? "PENDING" : "FAILED" } as const;
    rewriteAttributes(change, { ...record, attributes: withReplication(record.attributes, next) });
  }
}

/** The same attributes with another word on replication. */
export function withReplication(
  attributes: ObjectAttributes,
  replication: ReplicationState | undefined,
): ObjectAttributes {
  const { replication: _former, ...others } = attributes;
  return replication ? { ...others, replication } : others;
}

/** Whether the same change is still on its way to another destination. */
function isAwaited(sql: SqlStorage, { change, key }: ReplicationRow, { rules = [] }: ReplicationState): boolean {
  if (rules.length < 2) return false;
  return listDestinations(sql).some((destination) => {
    const row = sql.exec(
      "SELECT 1 FROM replications WHERE destination = ? AND change = ? AND key = ? LIMIT 1",
      destination,
      change,
      key,
    );
    return row.raw().next().done !== true;
  });
}

/** Where something waits to go. One seek each: much may wait for one destination. */
export function listDestinations(sql: SqlStorage): string[] {
  const destinations: string[] = [];
  for (let after = ""; ;) {
    const { next } = sql
      .exec<{ next: string | null }>("SELECT min(destination) AS next FROM replications WHERE destination > ?", after)
      .one();
    if (next === null) return destinations;
    destinations.push(next);
    after = next;
  }
}

function queue(
  change: Change,
  { key, versionId }: Pick<ObjectRecord, "key" | "versionId">,
  rules: readonly ReplicationRule[],
  whole: boolean,
): void {
  for (const { id, destination } of rules) {
    change.replicate({ destination: destination.bucket, key, versionId, rule: id, whole });
  }
}

function subjectOf({ key, attributes: { tags, encryption } }: ObjectRecord): ReplicationSubject {
  return { key, kms: encryption?.kind === "kms", ...(tags && { tags }) };
}
