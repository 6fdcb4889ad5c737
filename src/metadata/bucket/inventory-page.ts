import { prefixSuccessor } from "../../lib/text-order.ts";
import { belowEnd } from "./listing.ts";
import { type ListedRow, STORED_COLUMNS, type StoredRow, toListed, toStored } from "./objects.ts";
import type { ObjectRecord } from "./protocol.ts";
import { readVersionRows, type VersionPosition } from "./version-rows.ts";

export interface InventoryPageCall {
  readonly prefix: string;
  readonly allVersions: boolean;
  readonly after?: VersionPosition;
  readonly limit: number;
}
export interface InventoryPage {
  /** In the order of the index; fewer than asked for: these are the last. */
  readonly entries: readonly InventoryEntry[];
}
export type InventoryEntry = ObjectRecord & { readonly latest: boolean; readonly deleteMarker: boolean };

/** What an inventory tells of an index object's keys: the current versions, or all versions and delete markers. */
export function readInventoryPage(sql: SqlStorage, call: InventoryPageCall): InventoryPage {
  const rows = call.allVersions
    ? readVersionRows(sql, [call.prefix], call.after, call.limit)
    : readCurrentRows(sql, call);
  let former = call.after?.key;
  const entries = rows.map((row): InventoryEntry => {
    const latest = row[0] !== former;
    former = row[0];
    if (row[9] !== "marker") return { ...toStored(row).record, latest, deleteMarker: false };
    const listed = toListed(row as unknown as ListedRow);
    return { ...listed, attributes: { headers: {}, metadata: {} }, latest, deleteMarker: true };
  });
  return { entries };
}

function readCurrentRows(sql: SqlStorage, { prefix, after, limit }: InventoryPageCall): StoredRow[] {
  const end = prefixSuccessor(prefix);
  const rows = sql.exec(
    `SELECT ${STORED_COLUMNS} FROM objects
     WHERE key ${after ? ">" : ">="} ?1 AND ${belowEnd(end)} ORDER BY key LIMIT ?3`,
    after?.key ?? prefix,
    end ?? null,
    limit,
  );
  return [...rows.raw()] as unknown as StoredRow[];
}
