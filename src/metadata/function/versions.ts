import { putLayerUses } from "./layer-uses.ts";
import type { ChangeFunctionOutcome, FunctionVersion, Page, Publication, PublishOutcome } from "./protocol.ts";

export const LATEST = "$LATEST";

type VersionRow = { name: string; number: number; record: string };

/** The row's number of a version: 0 for `$LATEST`. */
function versionNumber(version: string): number {
  return version === LATEST ? 0 : Number(version);
}

export function findVersion(sql: SqlStorage, name: string, version: string): FunctionVersion | undefined {
  const [row] = sql
    .exec<VersionRow>("SELECT * FROM versions WHERE name = ? AND number = ?", name, versionNumber(version))
    .toArray();
  return row && toVersion(row);
}

export function putVersion(sql: SqlStorage, version: FunctionVersion): void {
  sql.exec(
    "INSERT OR REPLACE INTO versions (name, number, code_id, record) VALUES (?, ?, ?, ?)",
    version.name,
    versionNumber(version.version),
    version.code.codeId,
    JSON.stringify(version),
  );
  putLayerUses(sql, version, versionNumber(version.version));
}

/** `$LATEST`, if it is there and the caller's revision is the latest. */
export function findLatest(sql: SqlStorage, name: string, revisionId: string | undefined): ChangeFunctionOutcome {
  const latest = findVersion(sql, name, LATEST);
  if (!latest) return { outcome: "not-found" };
  if (revisionId !== undefined && revisionId !== latest.revisionId) return { outcome: "stale-revision" };
  return { outcome: "ok", version: latest };
}

/** Publishes `$LATEST`; when nothing has changed since the last publication, answers that one. */
export function publishVersion(sql: SqlStorage, name: string, publication: Publication, now: number): PublishOutcome {
  const found = findLatest(sql, name, publication.revisionId);
  if (found.outcome !== "ok") return found;
  const latest = found.version;
  if (publication.codeSha256 !== undefined && publication.codeSha256 !== latest.code.sha256) {
    return { outcome: "other-code", sha256: latest.code.sha256 };
  }
  const description = publication.description ?? latest.settings.description;
  const last = findLastPublished(sql, name);
  if (last && isSameVersion(last, latest, description)) return { outcome: "ok", version: last };
  const { next_version: number } = sql
    .exec<{ next_version: number }>(
      "UPDATE functions SET next_version = next_version + 1 WHERE name = ? RETURNING next_version - 1 AS next_version",
      name,
    )
    .one();
  const published: FunctionVersion = {
    ...latest,
    version: String(number),
    revisionId: crypto.randomUUID(),
    modifiedAt: now,
    settings: { ...latest.settings, description },
  };
  putVersion(sql, published);
  return { outcome: "ok", version: published };
}

function findLastPublished(sql: SqlStorage, name: string): FunctionVersion | undefined {
  const [row] = sql
    .exec<VersionRow>("SELECT * FROM versions WHERE name = ? AND number > 0 ORDER BY number DESC LIMIT 1", name)
    .toArray();
  return row && toVersion(row);
}

/** Lambda publishes nothing when code and configuration are those of the last published version. */
function isSameVersion(published: FunctionVersion, latest: FunctionVersion, description: string): boolean {
  const wanted = { ...latest.settings, description };
  return (
    published.code.sha256 === latest.code.sha256 &&
    published.architecture === latest.architecture &&
    describeSettings(published.settings) === describeSettings(wanted)
  );
}

function describeSettings(settings: FunctionVersion["settings"]): string {
  return JSON.stringify(Object.entries(settings).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `$LATEST` first, then the published ones in order. `after` is a version's number as text, or empty. */
export function listVersions(
  sql: SqlStorage,
  name: string,
  after: string,
  limit: number,
): Page<FunctionVersion> | undefined {
  if (!findVersion(sql, name, LATEST)) return undefined;
  const rows = sql
    .exec<VersionRow>(
      "SELECT * FROM versions WHERE name = ? AND number > ? ORDER BY number LIMIT ?",
      name,
      after === "" ? -1 : versionNumber(after),
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map(toVersion);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.version } : { items };
}

/** By name, then number. `after` is `name:number`, or empty. */
export function listAllVersions(sql: SqlStorage, after: string, limit: number): Page<FunctionVersion> {
  const colon = after.indexOf(":");
  const rows = sql
    .exec<VersionRow>(
      "SELECT * FROM versions WHERE (name, number) > (?, ?) ORDER BY name, number LIMIT ?",
      colon < 0 ? after : after.slice(0, colon),
      colon < 0 ? -1 : Number(after.slice(colon + 1)),
      limit + 1,
    )
    .toArray();
  const last = rows[limit - 1];
  const items = rows.slice(0, limit).map(toVersion);
  return rows.length > limit && last ? { items, next: `${last.name}:${last.number}` } : { items };
}

/** `$LATEST` of each function, by name. */
export function listLatest(sql: SqlStorage, after: string, limit: number): Page<FunctionVersion> {
  const rows = sql
    .exec<VersionRow>("SELECT * FROM versions WHERE number = 0 AND name > ? ORDER BY name LIMIT ?", after, limit + 1)
    .toArray();
  const items = rows.slice(0, limit).map(toVersion);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.name } : { items };
}

function toVersion(row: VersionRow): FunctionVersion {
  return JSON.parse(row.record) as FunctionVersion;
}
