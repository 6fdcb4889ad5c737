import type { ObjectEncryption } from "../../lib/object-encryption.ts";
import { withTimeout } from "../../lib/timeout.ts";
import { announce } from "./announce.ts";
import type { Committer } from "./committer.ts";
import type { EventContext } from "./event-record.ts";
import type { Change } from "./journal.ts";
import { Paces } from "./paces.ts";
import type { PinCall, PinOutcome } from "./pins.ts";
import type { BucketConfig, IndexAddress, NewBody, ObjectAttributes, ObjectRecord } from "./protocol.ts";
import { finishReplication, listDestinations, withReplication } from "./replicate.ts";
import type { ReplicaCall, ReplicaOutcome, ReplicatedObject } from "./replicas.ts";
import type { ReplicationRow, ReplicationRule } from "./replication-rules.ts";
import { withoutRestore } from "./restored.ts";
import { indexShard } from "./shards.ts";
import { findVersion } from "./versions.ts";

/** What is to go by a rule, as far as others decide whether and how it may. */
export interface ReplicaSubject {
  readonly kind: ReplicaCall["replica"]["kind"];
  readonly key: string;
  readonly tagged: boolean;
  readonly encryption?: ObjectEncryption;
}
/** A destination that takes a version, and the version's encryption there; or why it never will. */
export type OpenedDestination =
  | { readonly config: BucketConfig; readonly ownerId?: string; readonly encryption?: ObjectEncryption }
  | { readonly refused: string };
export type OpenDestination = (
  source: BucketConfig,
  rule: ReplicationRule,
  subject: ReplicaSubject,
) => Promise<OpenedDestination>;

export interface ReplicationPorts {
  readonly sql: SqlStorage;
  readonly self: IndexAddress;
  readonly config: () => BucketConfig;
  readonly committer: Committer;
  readonly open: OpenDestination;
  readonly pin: (call: PinCall) => Promise<PinOutcome>;
  readonly peer: (address: IndexAddress) => { putReplica(call: ReplicaCall): Promise<ReplicaOutcome> };
  /** Has `replicateAll` called at that time. */
  readonly schedule: (at: number) => void;
}

/** Rows that are read at once; keys among them go side by side, rows of one key one after the other. */
const BATCH = 24;
/** A pass that has got so far makes way for the other duties. */
const BATCHES = 20;
/** A destination that fails so often in one pass is left alone for a while. */
const MANY_FAILURES = 8;
/** Longer than this no destination keeps the next versions waiting. */
const TIMEOUT_MS = 30_000;
/** What has not arrived by then is given up. */
const GIVEN_UP_MS = 24 * 3600_000;

type Ending = "COMPLETED" | "FAILED";

/**
 * Takes versions of an index object to the buckets that replicate them, each destination at its own pace. A key's
 * changes go in their order; one that fails holds back the later ones of its key, and no others.
 */
export class Replication {
  readonly #ports: ReplicationPorts;
  readonly #paces: Paces;

  constructor(ports: ReplicationPorts) {
    this.#ports = ports;
    this.#paces = new Paces(ports.schedule);
  }

  get hasRows(): boolean {
    return this.#ports.sql.exec("SELECT 1 FROM replications LIMIT 1").raw().next().done !== true;
  }

  /** To every destination that is not being served and has no pause. Never throws. */
  async replicateAll(): Promise<void> {
    await this.#paces.serveAll(listDestinations(this.#ports.sql), (destination) => this.#serve(destination));
  }

  async #serve(destination: string): Promise<void> {
    const { failures, more } = await this.#pass(destination);
    if (failures > 0) throw new Error(`versions of ${failures} keys were not replicated`);
    if (more) this.#ports.schedule(Date.now());
  }

  /** Once through what waits, oldest first. */
  async #pass(destination: string): Promise<{ readonly failures: number; readonly more: boolean }> {
    const held = new Set<string>();
    let after: Pick<ReplicationRow, "change" | "position"> = { change: 0, position: -1 };
    let failures = 0;
    for (let batch = 0; batch < BATCHES; batch++) {
      const rows = this.#readBatch(destination, after);
      const last = rows.at(-1);
      if (!last) return { failures, more: false };
      after = last;
      const endings = await this.#replicateBatch(rows, held);
      this.#finish(endings);
      failures = held.size;
      if (failures >= MANY_FAILURES) break;
    }
    return { failures, more: true };
  }

  /** How each row ended; those that are to be tried again are not among them, and hold their keys. */
  async #replicateBatch(rows: readonly ReplicationRow[], held: Set<string>): Promise<Map<ReplicationRow, Ending>> {
    const endings = new Map<ReplicationRow, Ending>();
    const byKey = Map.groupBy(rows, ({ key }) => key);
    const work = Array.from(byKey, async ([key, ofKey]) => {
      for (const row of ofKey) {
        if (held.has(key)) return;
        const ending = await this.#try(row);
        if (ending) endings.set(row, ending);
        else held.add(key);
      }
    });
    await Promise.all(work);
    return endings;
  }

  /** Undefined: once more, later. */
  async #try(row: ReplicationRow): Promise<Ending | undefined> {
    try {
      return await withTimeout(this.#replicate(row), TIMEOUT_MS);
    } catch (error) {
      console.error(`a version was not replicated to ${row.destination}`, error);
      return Date.now() - row.at > GIVEN_UP_MS ? "FAILED" : undefined;
    }
  }

  async #replicate(row: ReplicationRow): Promise<Ending> {
    const { config, open } = this.#ports;
    const source = config();
    const subject = this.#describeSubject(row);
    // Deleted meanwhile: deletions of versions are not replicated, and there is nothing to send.
    if (!subject) return "COMPLETED";
    const rule = source.documents?.replication?.rules.find(({ id, enabled }) => enabled && id === row.rule);
    if (rule?.destination.bucket !== row.destination) return this.#giveUp(row, "the rule is no more");
    const opened = await open(source, rule, subject);
    if ("refused" in opened) return this.#giveUp(row, opened.refused);
    const replica = await this.#describeReplica(row, rule, opened);
    if (!replica) return "COMPLETED";
    const { bucketId } = opened.config;
    const address = { bucketId, shard: indexShard(opened.config, row.key) };
    const { outcome } = await this.#ports.peer(address).putReplica({
      change: row.change,
      replica,
      keepsAcl: rule.destination.overridesOwner ?? false,
      eventContext: this.#describeCause(row),
    });
    if (outcome === "ok" || outcome === "no-such-version") return "COMPLETED";
    if (outcome === "not-versioned") return this.#giveUp(row, "the destination is not versioned");
    if (outcome === "no-object-lock") return this.#giveUp(row, "the destination has no object lock");
    throw new Error(`the destination's index answered ${outcome}`);
  }

  #describeSubject(row: ReplicationRow): ReplicaSubject | undefined {
    const version = findVersion(this.#ports.sql, row.key, row.versionId);
    if (version.found === "nothing") return undefined;
    if (version.found === "marker") return { kind: "marker", key: row.key, tagged: false };
    const { tags, encryption } = version.record.attributes;
    return {
      kind: row.whole ? "object" : "change",
      key: row.key,
      tagged: tags !== undefined,
      ...(encryption && { encryption }),
    };
  }

  /** The version as it is now; undefined when it is gone. Its bytes are pinned, not copied (rule 13). */
  async #describeReplica(
    row: ReplicationRow,
    rule: ReplicationRule,
    opened: Exclude<OpenedDestination, { refused: string }>,
  ): Promise<ReplicaCall["replica"] | undefined> {
    const { key, versionId } = row;
    const version = findVersion(this.#ports.sql, key, versionId);
    if (version.found === "nothing") return undefined;
    if (version.found === "marker") {
      const { modifiedAt } = version.marker;
      return { kind: "marker", marker: { key, versionId, modifiedAt, ownerId: opened.config.accountId } };
    }
    if (!row.whole) return { kind: "change", object: describeObject(version.record, rule, opened) };
    const pinned = await this.#pin(row, opened.config);
    if (pinned === "gone") return undefined;
    return { kind: "object", object: describeObject(pinned.object, rule, opened), body: pinned.body };
  }

  async #pin(
    { key, versionId, change }: ReplicationRow,
    destination: BucketConfig,
  ): Promise<{ readonly object: ObjectRecord; readonly body: NewBody } | "gone"> {
    const { config, pin, self } = this.#ports;
    const copyId = crypto.randomUUID();
    const outcome = await pin({
      revision: config().revision,
      operationId: `replicate/${self.shard}/${change}/${copyId}`,
      repeated: false,
      copyId,
      key,
      versionId,
      conditions: {},
      destination: { bucketId: destination.bucketId, shard: indexShard(destination, key) },
    });
    if (outcome.outcome === "ok") return outcome;
    if (outcome.outcome === "no-such-source-version" || outcome.outcome === "no-such-source") return "gone";
    throw new Error(`the version could not be pinned: ${outcome.outcome}`);
  }

  #giveUp({ destination, key }: ReplicationRow, reason: string): "FAILED" {
    console.warn(`${key} is not replicated from ${this.#ports.config().name} to ${destination}: ${reason}`);
    return "FAILED";
  }

  /** In one change: a batch costs one journal row. */
  #finish(endings: ReadonlyMap<ReplicationRow, Ending>): void {
    const [first] = endings.keys();
    if (!first) return;
    const { committer, config } = this.#ports;
    const { documents } = config();
    const context = documents?.notifications?.subscriptions.length ? this.#describeCause(first) : undefined;
    committer.apply(
      "replication",
      (change) => {
        for (const [row, ending] of endings) {
          finishReplication(change, row, ending);
          if (ending === "FAILED") this.#tellFailure(change, row);
        }
      },
      context,
    );
  }

  #tellFailure(change: Change, row: ReplicationRow): void {
    // Of a delete marker nothing else is changed: its event must leave all the same.
    change.note();
    const { key, versionId, destination, rule: id, whole } = row;
    const rule = change.documents.replication?.rules.find((one) => one.id === id);
    if (!tellsFailures(rule)) return;
    announce(change, "Replication:OperationFailedReplication", {
      key,
      versionId,
      replication: {
        replicationRuleId: id,
        destinationBucket: `arn:aws:s3:::${destination}`,
        s3Operation: whole ? "OBJECT_PUT" : "OBJECT_METADATA",
        failureReason: "DstPutObjectNotPermitted",
      },
    });
  }

  /** Who is said to have made a replica: S3 itself, for the source's owner. */
  #describeCause({ change, position }: ReplicationRow): EventContext {
    const { self, config } = this.#ports;
    return {
      operation: "PutObject",
      requestId: `${self.shard}-${change}-${position}`,
      hostId: self.bucketId,
      principalId: `AWS:${config().accountId}`,
      sourceAddress: "s3.amazonaws.com",
    };
  }

  #readBatch(
    destination: string,
    { change, position }: Pick<ReplicationRow, "change" | "position">,
  ): readonly ReplicationRow[] {
    const rows = this.#ports.sql.exec<{
      change: number;
      position: number;
      key: string;
      version_id: string;
      rule: string;
      whole: number;
      at: number;
    }>(
      `SELECT change, position, key, version_id, rule, whole, at FROM replications
       WHERE destination = ? AND (change, position) > (?, ?) ORDER BY change, position LIMIT ?`,
      destination,
      change,
      position,
      BATCH,
    );
    return Array.from(rows, ({ version_id: versionId, whole, ...row }) => ({
      ...row,
      destination,
      versionId,
      whole: whole === 1,
    }));
  }
}

/** "S3 Replication metrics" of the rule, or its time control. */
function tellsFailures(rule: ReplicationRule | undefined): boolean {
  const { metrics, time } = rule?.destination ?? {};
  return metrics?.status === "Enabled" || time?.status === "Enabled";
}

function describeObject(
  { sequence: _place, ...record }: ObjectRecord,
  { destination }: ReplicationRule,
  { ownerId, encryption }: Exclude<OpenedDestination, { refused: string }>,
): ReplicatedObject {
  const { acl, ...others } = withReplication(withoutRestore(record.attributes), undefined);
  const attributes: ObjectAttributes = {
    ...others,
    ...(acl && !destination.overridesOwner && { acl }),
    ...(encryption && { encryption }),
  };
  return {
    ...record,
    storageClass: destination.storageClass ?? record.storageClass,
    ownerId: ownerId ?? record.ownerId,
    attributes,
  };
}
