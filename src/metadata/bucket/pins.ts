import { borrowedId, locateBody, readInline } from "./bodies.ts";
import type { Body, BodyKind, Change } from "./journal.ts";
import { manifestExists, readParts } from "./manifests.ts";
import type { StoredObject } from "./objects.ts";
import type {
  BorrowedBody,
  Extent,
  IndexAddress,
  Mutation,
  ObjectRecord,
  Outcome,
  PartExtent,
  ReadConditions,
  SourceRefusal,
} from "./protocol.ts";
import { addHolder, releaseBody } from "./references.ts";
import { findSource } from "./sources.ts";
import { findVersion } from "./versions.ts";

/**
 * Copies across index objects (consistency rule 13). Who holds the body keeps it for a copy by a pin,
 * pending until the destination has committed and says so. A borrowed body is pinned like an own one: the
 * middle index then keeps its own pin at the owner for as long as somebody borrows from it.
 */

/** First step of a copy across index objects: the owner keeps the bytes for `copyId`. */
export interface PinCall extends Mutation {
  /** Fresh in each attempt: a pin whose answer was lost is let go when its destination does not know it. */
  readonly copyId: string;
  readonly key: string;
  readonly versionId?: string;
  readonly conditions: ReadConditions;
  /** As in CopyObjectCall. */
  readonly plainOnly?: boolean;
  /** Where the copy will be committed, so that the owner can ask about a pin that stays pending. */
  readonly destination: IndexAddress;
}
export type PinOutcome =
  | Outcome<{
      readonly object: ObjectRecord;
      /** To be committed as it is at the destination. Inline bytes are copied, not pinned. */
      readonly body: { readonly kind: "inline"; readonly bytes: Uint8Array } | BorrowedBody;
    }>
  | SourceRefusal;

/** What the holder of a pin asks of the copy's destination, or is told by it. */
export interface CopyRef {
  readonly copyId: string;
  /** The index object that holds the pin. */
  readonly owner: IndexAddress;
}
/**
 * "refused": the copy was not committed, and will not be if the commit still comes. "unknown": the index object
 * is lost or being rebuilt; a copy may be among what is restored, so its bytes must still be there.
 */
export type CopyStatus = "committed" | "refused" | "unknown";

/** A pin that is pending for longer is asked about at its destination. */
export const PENDING_MS = 60_000;

/** A packed body as it was read. */
interface ReadBody {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** The source's body where it is packed: its bytes must be read before it can be pinned. */
export function findPacked(
  sql: SqlStorage,
  call: PinCall,
): { readonly id: string; readonly extents: readonly Extent[] } | undefined {
  const version = findVersion(sql, call.key, call.versionId);
  if (version.found !== "object" || version.body.kind !== "packed") return undefined;
  const { size } = version.record;
  const location = locateBody(sql, version.body, size, { offset: 0, length: size });
  return location.kind === "extents" ? { id: version.body.id, extents: location.extents } : undefined;
}

/**
 * Keeps the source's body for `copyId`. Small ones are handed over instead, of which a packed one comes as
 * `packed`; undefined when the source has another body by now.
 */
export function pinObject(change: Change, call: PinCall, packed?: ReadBody): PinOutcome | undefined {
  const source = findSource(change.sql, call.key, call.versionId, call.conditions, call.plainOnly);
  if ("outcome" in source) return source;
  const wanted = source.body.kind === "packed" ? source.body.id : undefined;
  if (packed?.id !== wanted) return undefined;
  if (source.body.kind === "inline") {
    return {
      outcome: "ok",
      object: source.record,
      body: { kind: "inline", bytes: readInline(change.sql, source.body) },
    };
  }
  if (packed) {
    return { outcome: "ok", object: source.record, body: { kind: "inline", bytes: packed.bytes } };
  }
  addHolder(change, source.body, source.record.sequence, change.sequence);
  change.sql.exec(
    `INSERT INTO pins (state, copy_id, holder, body_kind, body_id, destination_bucket, destination_shard, at)
     VALUES ('pending', ?, ?, ?, ?, ?, ?, ?)`,
    call.copyId,
    change.sequence,
    source.body.kind,
    source.body.id,
    call.destination.bucketId,
    call.destination.shard,
    change.at,
  );
  change.touch("pins", call.copyId);
  const { copyId, destination } = call;
  const extents = listBlobs(change.sql, source);
  const multipart = source.record.partsCount !== undefined;
  return {
    outcome: "ok",
    object: source.record,
    body: { kind: "borrowed", copyId, owner: change.self, destination, extents, multipart },
  };
}

/** The destination has committed: the pin stays until it is released. */
export function confirmPin(change: Change, copyId: string): void {
  const { rowsWritten } = change.sql.exec(
    "UPDATE pins SET state = 'confirmed' WHERE state = 'pending' AND copy_id = ?",
    copyId,
  );
  if (rowsWritten > 0) change.touch("pins", copyId);
}

/** The destination needs the body no longer, or never will. */
export function releasePin(change: Change, copyId: string): void {
  const pin = change.sql
    .exec<{ holder: number; body_kind: BodyKind; body_id: string }>(
      "DELETE FROM pins WHERE state IN ('pending', 'confirmed') AND copy_id = ? RETURNING holder, body_kind, body_id",
      copyId,
    )
    .toArray()[0];
  if (!pin) return;
  change.touch("pins", copyId);
  const body: Body = { kind: pin.body_kind, id: pin.body_id };
  releaseBody(change, body, pin.holder);
}

export interface PendingPin {
  readonly copyId: string;
  readonly destination: IndexAddress;
  readonly at: number;
}

/** Pins that wait for their destination's word, the oldest first. */
export function listPending(sql: SqlStorage): PendingPin[] {
  const rows = sql.exec<{ copy_id: string; destination_bucket: string; destination_shard: number; at: number }>(
    "SELECT copy_id, destination_bucket, destination_shard, at FROM pins WHERE state = 'pending'",
  );
  const pins = Array.from(rows, (row) => ({
    copyId: row.copy_id,
    destination: { bucketId: row.destination_bucket, shard: row.destination_shard },
    at: row.at,
  }));
  return pins.sort((left, right) => left.at - right.at);
}

/**
 * At the destination: whether the copy is here. One that is not is refused from now on, because the
 * answer lets the owner release the bytes.
 */
export function settleCopy(sql: SqlStorage, { owner, copyId }: CopyRef, now: number): CopyStatus {
  const id = borrowedId(owner, copyId);
  if (manifestExists(sql, id)) return "committed";
  sql.exec("INSERT OR IGNORE INTO refused_copies (id, at) VALUES (?, ?)", id, now);
  return "refused";
}

export function isRefusedCopy(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM refused_copies WHERE id = ?", id).raw().next().done !== true;
}

/** Forgets refusals whose commits cannot be under way any more: a request lives minutes. */
export function forgetRefusals(sql: SqlStorage, now: number): void {
  sql.exec("DELETE FROM refused_copies WHERE at < ?", now - 24 * 3600_000);
}

function listBlobs(sql: SqlStorage, { record, body }: StoredObject): PartExtent[] {
  if (body.kind === "blob") return [{ partNumber: 1, blob: body.id, size: record.size }];
  return readParts(sql, body.id);
}
