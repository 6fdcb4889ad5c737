import type { s3Operations } from "../../../src/s3/operations.ts";
import type { Draft } from "./hand-signed.ts";

export type Row = (typeof s3Operations)[number];

/** An id of the right shape that no upload has. */
export const NO_UPLOAD = "0".repeat(64);

const QUERY_VALUES: Readonly<Record<string, string>> = { partNumber: "1", uploadId: NO_UPLOAD };

export interface Aim {
  readonly bucket: string;
  readonly key: string;
  /** `bucket/key` that copies read. */
  readonly copySource: string;
}

/** A request that selects the row; all its selecting headers are there, and no other that it can do without. */
export function requestRow(row: Row, { bucket, key, copySource }: Aim): Pick<Draft, "method" | "target" | "headers"> {
  const query = Object.entries(row.query ?? {}).map(
    ([name, value]) => `${name}=${value === true ? (QUERY_VALUES[name] ?? "") : value}`,
  );
  const path = row.path.replace("{Bucket}", bucket).replace("{Key+}", key);
  const headers = Object.fromEntries(
    (row.headers ?? []).map((name) => [name, name === "x-amz-copy-source" ? copySource : "1"]),
  );
  // What names the source is read before anybody is asked whether it may be read.
  if (row.name === "RenameObject") headers["x-amz-rename-source"] = encodeURIComponent(key);
  return { method: row.method, target: query.length > 0 ? `${path}?${query.join("&")}` : path, headers };
}

/** As tests name a row: some operations have several. */
export function nameRow({ name, method, path }: Row): string {
  return `${name} (${method} ${path})`;
}
