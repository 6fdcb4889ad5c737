import { keepNewCode, releaseCode, sumCodeSizes } from "./codes.ts";
import { holdLayers, releaseLayers, removeLayerUses } from "./layer-uses.ts";
import { MAX_CODE_BYTES } from "./limits.ts";
import type {
  AccountUsage,
  ChangeCodeOutcome,
  ChangeSettingsOutcome,
  CodeChange,
  ConcurrencyOutcome,
  CreateFunctionOutcome,
  FunctionRecord,
  FunctionSettings,
  FunctionVersion,
  NewFunction,
  SettingsChange,
  TagsOutcome,
} from "./protocol.ts";
import { findLatest, findVersion, LATEST, publishVersion, putVersion } from "./versions.ts";

/** AWS's default quota of concurrent executions, and what of it no reservation may take. */
export const MAX_CONCURRENCY = 1_000;
const MIN_UNRESERVED = 100;
export const MAX_TAGS = 50;

type FunctionRow = {
  name: string;
  tags: string;
  reserved_concurrency: number | null;
  next_version: number;
  recursive_loop: "Allow" | "Terminate" | null;
};

export function findFunctionRecord(sql: SqlStorage, name: string): FunctionRecord | undefined {
  const [row] = sql.exec<FunctionRow>("SELECT * FROM functions WHERE name = ?", name).toArray();
  if (!row) return undefined;
  const tags = JSON.parse(row.tags) as Record<string, string>;
  return {
    name,
    tags,
    ...(row.reserved_concurrency === null ? {} : { reservedConcurrency: row.reserved_concurrency }),
    ...(row.recursive_loop !== null && { recursiveLoop: row.recursive_loop }),
  };
}

export function createFunction(sql: SqlStorage, created: NewFunction, now: number): CreateFunctionOutcome {
  if (findFunctionRecord(sql, created.name)) return { outcome: "exists" };
  if (!holdLayers(sql, created.layers ?? [])) return { outcome: "layer-gone" };
  const kept = keepNewCode(sql, created.code, MAX_CODE_BYTES);
  if (kept !== "ok") return { outcome: kept };
  const { name, architecture, settings, code } = created;
  sql.exec(
    "INSERT INTO functions (name, tags, reserved_concurrency, next_version) VALUES (?, ?, NULL, 1)",
    name,
    JSON.stringify(created.tags),
  );
  const version: FunctionVersion = {
    name,
    version: LATEST,
    revisionId: crypto.randomUUID(),
    modifiedAt: now,
    architecture,
    settings,
    code,
  };
  putVersion(sql, version);
  return { outcome: "ok", version: created.publish ? publishNow(sql, version, now) : version };
}

/** Puts another package in place; `due` is when the one before is deleted, if nothing refers to it. */
export function changeCode(
  sql: SqlStorage,
  name: string,
  change: CodeChange,
  now: number,
  due: number,
): ChangeCodeOutcome {
  const found = findLatest(sql, name, change.revisionId);
  if (found.outcome !== "ok") return found;
  const kept = keepNewCode(sql, change.code, MAX_CODE_BYTES);
  if (kept !== "ok") return { outcome: kept };
  const version: FunctionVersion = {
    ...found.version,
    revisionId: crypto.randomUUID(),
    modifiedAt: now,
    code: change.code,
    ...(change.architecture && { architecture: change.architecture }),
  };
  putVersion(sql, version);
  releaseCode(sql, found.version.code.codeId, due);
  return { outcome: "ok", version: change.publish ? publishNow(sql, version, now) : version };
}

export function changeSettings(
  sql: SqlStorage,
  name: string,
  change: SettingsChange,
  now: number,
  due: number,
): ChangeSettingsOutcome {
  const found = findLatest(sql, name, change.revisionId);
  if (found.outcome !== "ok") return found;
  if (!holdLayers(sql, change.layers ?? [])) return { outcome: "layer-gone" };
  const { sealedEnvironment, layers, ...others } = found.version.settings;
  const wanted = change.layers?.map(({ layer }) => layer) ?? layers ?? [];
  const settings: FunctionSettings = {
    ...others,
    ...(sealedEnvironment !== undefined && !change.removesEnvironment && { sealedEnvironment }),
    ...(wanted.length > 0 && { layers: wanted }),
    ...change.settings,
  };
  const version = { ...found.version, revisionId: crypto.randomUUID(), modifiedAt: now, settings };
  putVersion(sql, version);
  if (change.layers) releaseLayers(sql, layers ?? [], due);
  return { outcome: "ok", version };
}

/** Removes a function with all that belongs to it. */
export function removeFunction(sql: SqlStorage, name: string, due: number): boolean {
  if (!findFunctionRecord(sql, name)) return false;
  const codes = sql
    .exec<{ code_id: string }>("SELECT DISTINCT code_id FROM versions WHERE name = ?", name)
    .toArray()
    .map((row) => row.code_id);
  for (const statement of [
    "DELETE FROM functions WHERE name = ?",
    "DELETE FROM versions WHERE name = ?",
    "DELETE FROM aliases WHERE function_name = ?",
    "DELETE FROM policies WHERE name = ?",
    "DELETE FROM urls WHERE name = ?",
    "DELETE FROM event_configs WHERE function_name = ?",
  ]) {
    sql.exec(statement, name);
  }
  for (const codeId of codes) releaseCode(sql, codeId, due);
  removeLayerUses(sql, name, undefined, due);
  return true;
}

/** Removes a published version; false when it is not there. */
export function removeVersion(sql: SqlStorage, name: string, version: string, due: number): boolean {
  const found = findVersion(sql, name, version);
  if (!found) return false;
  sql.exec("DELETE FROM versions WHERE name = ? AND number = ?", name, Number(version));
  sql.exec("DELETE FROM policies WHERE name = ? AND qualifier = ?", name, version);
  sql.exec("DELETE FROM event_configs WHERE function_name = ? AND qualifier = ?", name, version);
  releaseCode(sql, found.code.codeId, due);
  removeLayerUses(sql, name, Number(version), due);
  return true;
}

export function putTags(sql: SqlStorage, name: string, added: Readonly<Record<string, string>>): TagsOutcome {
  const record = findFunctionRecord(sql, name);
  if (!record) return { outcome: "not-found" };
  const tags = { ...record.tags, ...added };
  if (Object.keys(tags).length > MAX_TAGS) return { outcome: "too-many" };
  sql.exec("UPDATE functions SET tags = ? WHERE name = ?", JSON.stringify(tags), name);
  return { outcome: "ok" };
}

export function removeTags(sql: SqlStorage, name: string, keys: readonly string[]): TagsOutcome {
  const record = findFunctionRecord(sql, name);
  if (!record) return { outcome: "not-found" };
  const tags = Object.fromEntries(Object.entries(record.tags).filter(([key]) => !keys.includes(key)));
  sql.exec("UPDATE functions SET tags = ? WHERE name = ?", JSON.stringify(tags), name);
  return { outcome: "ok" };
}

export function putConcurrency(sql: SqlStorage, name: string, reserved: number | undefined): ConcurrencyOutcome {
  const record = findFunctionRecord(sql, name);
  if (!record) return { outcome: "not-found" };
  const others = readUsage(sql).reserved - (record.reservedConcurrency ?? 0);
  const unreserved = MAX_CONCURRENCY - others - (reserved ?? 0);
  if (reserved !== undefined && unreserved < MIN_UNRESERVED) return { outcome: "too-much", unreserved: MIN_UNRESERVED };
  sql.exec("UPDATE functions SET reserved_concurrency = ? WHERE name = ?", reserved ?? null, name);
  return { outcome: "ok" };
}

export function putRecursion(sql: SqlStorage, name: string, recursiveLoop: "Allow" | "Terminate"): boolean {
  return sql.exec("UPDATE functions SET recursive_loop = ? WHERE name = ?", recursiveLoop, name).rowsWritten > 0;
}

export function readUsage(sql: SqlStorage): AccountUsage {
  const { functions, reserved } = sql
    .exec<{ functions: number; reserved: number | null }>(
      "SELECT count(*) AS functions, sum(reserved_concurrency) AS reserved FROM functions",
    )
    .one();
  return { codeSize: sumCodeSizes(sql), functions, reserved: reserved ?? 0 };
}

function publishNow(sql: SqlStorage, latest: FunctionVersion, now: number): FunctionVersion {
  const published = publishVersion(sql, latest.name, {}, now);
  if (published.outcome !== "ok") throw new Error(`${latest.name} could not be published: ${published.outcome}`);
  return published.version;
}
