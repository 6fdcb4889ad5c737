import { belowEnd, CommonPrefix, type Position, startAfter, walk } from "./listing.ts";
import type { Call, Outcome, UploadRecord } from "./protocol.ts";
import { toUpload, UPLOAD_COLUMNS, type UploadRow } from "./uploads.ts";

export interface ListUploadsCall extends Call {
  readonly prefix: string;
  readonly delimiter: string;
  /** Exclusive position. */
  readonly afterKey: string;
  readonly afterUploadId?: string;
  readonly limit: number;
}
export type UploadEntry = { readonly key: string; readonly upload: UploadRecord } | { readonly prefix: string };
export type ListUploadsOutcome = Outcome<{ readonly entries: readonly UploadEntry[]; readonly truncated: boolean }>;

/** A page of ListMultipartUploads: keys in order, the uploads of each by their ids, which begin with the time. */
export function listUploads(sql: SqlStorage, call: ListUploadsCall): ListUploadsOutcome {
  const { prefix, delimiter, limit, afterKey, afterUploadId } = call;
  const start = startAfter(prefix, delimiter, afterKey);
  if (!start) return { outcome: "ok", entries: [], truncated: false };
  const amidKey = !start.inclusive && afterUploadId !== undefined;
  const page = walk<UploadRow>({
    prefix,
    delimiter,
    limit,
    start: amidKey ? { ...start, tie: afterUploadId } : start,
    keyOf: (row) => row[0],
    tieOf: (row) => row[1],
    scan: (from, end, rows) => scanUploads(sql, from, end, rows),
  });
  const entries = page.entries.map((entry): UploadEntry =>
    entry instanceof CommonPrefix ? { prefix: entry.prefix } : { key: entry[0], upload: toUpload(entry) },
  );
  return { outcome: "ok", entries, truncated: page.truncated };
}

function scanUploads(sql: SqlStorage, from: Position, end: string | undefined, limit: number): UploadRow[] {
  const after = from.tie === undefined ? `key ${from.inclusive ? ">=" : ">"} ?1` : "(key, upload_id) > (?1, ?4)";
  const rows = sql.exec(
    `SELECT ${UPLOAD_COLUMNS} FROM uploads WHERE ${after} AND ${belowEnd(end)} ORDER BY key, upload_id LIMIT ?3`,
    from.key,
    end ?? null,
    limit,
    ...(from.tie === undefined ? [] : [from.tie]),
  );
  return [...rows.raw()] as unknown as UploadRow[];
}
