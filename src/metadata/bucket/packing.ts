import { type BlobId, mintBlobId } from "../../lib/blob-id.ts";
import type { BlobStore } from "../../storage/blob-store.ts";
import type { Committer } from "./committer.ts";
import type { Change } from "./journal.ts";
import { packedId } from "./packed.ts";
import type { IndexAddress } from "./protocol.ts";
import { readCounter, writeCounter } from "./schema.ts";

/**
 * Moves inline bodies of a large index into R2, many in one blob, so that the database stays far from the
 * platform's 10 GB (architecture, decision 1). The oldest go first. A body moves by compare-and-set on its
 * version's row (consistency rule 15), because requests go on while R2 stores the pack.
 */

const PACK_BYTES = 4 * 1024 * 1024;
const PACK_BODIES = 1000;
/** A packed body costs about 250 bytes of rows in place of its bytes: a small one would make the index grow. */
const WORTH_BYTES = 512;
/** A blob for less would cost more than it saves; the bodies wait for further ones. */
const LEAST_PACK_BYTES = 64 * 1024;
/** Bodies that a step looks at, most of which may be too small. */
const SCAN_ROWS = 20_000;

interface PackingPorts {
  readonly sql: SqlStorage;
  readonly self: IndexAddress;
  readonly committer: Committer;
  readonly store: Pick<BlobStore, "put">;
}

interface ChosenBody {
  readonly id: number;
  readonly offset: number;
  readonly length: number;
}
interface Choice {
  readonly bodies: readonly ChosenBody[];
  /** Bytes of all of them. */
  readonly size: number;
  /** Bodies up to this id need not be looked at again. */
  readonly passed: number;
  readonly more: boolean;
}

/** One step; answers whether there may be more to pack. */
export async function packBodies({ sql, self, committer, store }: PackingPorts): Promise<boolean> {
  const choice = chooseBodies(sql);
  if (choice.bodies.length === 0) {
    writeCounter(sql, "packed", choice.passed);
    return choice.more;
  }
  const pack = mintBlobId(self.bucketId, self.shard);
  const origin = { key: "", ownerId: "", storageClass: "STANDARD", pack: true };
  await store.put(pack, joinBodies(sql, choice), { length: choice.size, origin });
  // A crash before this leaves a blob that the sweep of orphans takes.
  committer.apply(`pack/${pack}`, (change) => commitPack(change, pack, choice));
  return choice.more;
}

/** The oldest bodies that are worth a move; none while they would not fill a pack. */
function chooseBodies(sql: SqlStorage): Choice {
  const passedBefore = readCounter(sql, "packed");
  const rows = sql.exec<{ id: number; keyed: number; length: number }>(
    "SELECT id, key IS NOT NULL AS keyed, length(bytes) AS length FROM bodies WHERE id > ? ORDER BY id LIMIT ?",
    passedBefore,
    SCAN_ROWS,
  );
  const bodies: ChosenBody[] = [];
  let [size, scanned, passed] = [0, 0, passedBefore];
  for (const { id, keyed, length } of rows) {
    if (bodies.length >= PACK_BODIES || size + length > PACK_BYTES) return { bodies, size, passed, more: true };
    scanned += 1;
    passed = id;
    if (keyed === 0 || length < WORTH_BYTES) continue;
    bodies.push({ id, offset: size, length });
    size += length;
  }
  const more = scanned === SCAN_ROWS;
  const [first] = bodies;
  if (first && !more && size < LEAST_PACK_BYTES) return { bodies: [], size: 0, passed: first.id - 1, more };
  return { bodies, size, passed, more };
}

function joinBodies(sql: SqlStorage, { bodies, size }: Choice): Uint8Array {
  const joined = new Uint8Array(size);
  for (const { id, offset } of bodies) {
    const { bytes } = sql.exec<{ bytes: ArrayBuffer }>("SELECT bytes FROM bodies WHERE id = ?", id).one();
    joined.set(new Uint8Array(bytes), offset);
  }
  return joined;
}

function commitPack(change: Change, pack: BlobId, { bodies, size, passed }: Choice): void {
  writeCounter(change.sql, "packed", passed);
  // Before the versions: a rebuild that has only part of this must not take a shared pack for a sole holder's.
  change.touch("refs", pack);
  const moved = bodies.filter((body) => moveBody(change, pack, size, body));
  if (moved.length === 0) change.free("blob", pack);
}

/**
 * Where the version of an inline body may be. Its sequence is nearly always the body's id: only for one that
 * was renamed or copied onto itself are all versions of the key looked through.
 */
const PLACES = [
  { table: "objects", where: "key = ?2" },
  { table: "versions", where: "key = ?2 AND sequence = CAST(?3 AS INTEGER)" },
  { table: "versions", where: "key = ?2" },
] as const;

/** False when the body was replaced, deleted or packed meanwhile. A renamed one is found under its new key. */
function moveBody(change: Change, pack: BlobId, packSize: number, { id, offset, length }: ChosenBody): boolean {
  const { sql } = change;
  const [body] = sql.exec<{ key: string }>("SELECT key FROM bodies WHERE id = ?", id).toArray();
  if (!body) return false;
  for (const { table, where } of PLACES) {
    const [version] = sql
      .exec<{ sequence: number }>(
        `UPDATE ${table} SET body_kind = 'packed', body_id = ?1
         WHERE ${where} AND body_kind = 'inline' AND body_id = ?3 AND size = ?4 RETURNING sequence`,
        packedId({ pack, offset, packSize }),
        body.key,
        String(id),
        length,
      )
      .toArray();
    if (!version) continue;
    if (table === "objects") change.touch("objects", body.key);
    else change.touch("versions", body.key, version.sequence);
    sql.exec("INSERT INTO refs (body_id, holder) VALUES (?, ?)", pack, version.sequence);
    sql.exec("DELETE FROM bodies WHERE id = ?", id);
    change.touch("bodies", id);
    return true;
  }
  return false;
}
