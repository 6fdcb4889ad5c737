import { keepNewCode, releaseCode } from "./codes.ts";
import { MAX_CODE_BYTES } from "./limits.ts";
import type { LayerFilter, LayerVersion, NewLayerVersion, PublishLayerOutcome } from "./layer-protocol.ts";
import type { Page } from "./protocol.ts";
import { removePolicy } from "./policies.ts";

type LayerRow = { name: string; number: number; record: string };

/** Numbers are given once: those of deleted versions never come back. */
export function publishLayerVersion(sql: SqlStorage, layer: NewLayerVersion, now: number): PublishLayerOutcome {
  const kept = keepNewCode(sql, layer.code, MAX_CODE_BYTES);
  if (kept !== "ok") return { outcome: kept };
  const { next_version: number } = sql
    .exec<{ next_version: number }>(
      `INSERT INTO layers (name, next_version) VALUES (?, 2)
       ON CONFLICT (name) DO UPDATE SET next_version = next_version + 1 RETURNING next_version - 1 AS next_version`,
      layer.name,
    )
    .one();
  const version: LayerVersion = { ...layer, version: number, createdAt: now };
  sql.exec(
    "INSERT INTO layer_versions (name, number, code_id, record) VALUES (?, ?, ?, ?)",
    layer.name,
    number,
    layer.code.codeId,
    JSON.stringify(version),
  );
  return { outcome: "ok", version };
}

export function findLayerVersion(sql: SqlStorage, name: string, number: number): LayerVersion | undefined {
  const [row] = sql
    .exec<LayerRow>("SELECT * FROM layer_versions WHERE name = ? AND number = ?", name, number)
    .toArray();
  return row && toLayerVersion(row);
}

/** Of each layer the latest version that the filter lets through, by name. */
export function listLayers(sql: SqlStorage, after: string, limit: number, filter: LayerFilter): Page<LayerVersion> {
  const { condition, values } = filterBy(filter);
  const rows = sql
    .exec<LayerRow>(
      `SELECT name, max(number) AS number, record FROM layer_versions
       WHERE name > ? ${condition} GROUP BY name ORDER BY name LIMIT ?`,
      after,
      ...values,
      limit + 1,
    )
    .toArray();
  return toPage(rows, limit, ({ name }) => name);
}

/** The versions of a layer, the latest first. `before` is a version's number as text, or empty. */
export function listLayerVersions(
  sql: SqlStorage,
  name: string,
  before: string,
  limit: number,
  filter: LayerFilter,
): Page<LayerVersion> {
  const { condition, values } = filterBy(filter);
  const rows = sql
    .exec<LayerRow>(
      `SELECT * FROM layer_versions WHERE name = ? AND number < ? ${condition} ORDER BY number DESC LIMIT ?`,
      name,
      before === "" ? Number.MAX_SAFE_INTEGER : Number(before),
      ...values,
      limit + 1,
    )
    .toArray();
  return toPage(rows, limit, ({ number }) => String(number));
}

/** Functions that use the version keep its package. What is not there counts as deleted. */
export function deleteLayerVersion(sql: SqlStorage, name: string, number: number, due: number): void {
  const found = findLayerVersion(sql, name, number);
  if (!found) return;
  sql.exec("DELETE FROM layer_versions WHERE name = ? AND number = ?", name, number);
  removePolicy(sql, layerPolicyName(name), String(number));
  releaseCode(sql, found.code.codeId, due);
}

/** The name under which the policies of a layer lie among those of functions, whose names have no colon. */
export function layerPolicyName(name: string): string {
  return `layer:${name}`;
}

function filterBy({ runtime, architecture }: LayerFilter): { condition: string; values: string[] } {
  const parts: [member: string, value: string | undefined][] = [
    ["runtimes", runtime],
    ["architectures", architecture],
  ];
  const wanted = parts.filter((part): part is [string, string] => part[1] !== undefined);
  const condition = wanted
    .map(([member]) => `AND EXISTS (SELECT 1 FROM json_each(record, '$.${member}') WHERE value = ?)`)
    .join(" ");
  return { condition, values: wanted.map(([, value]) => value) };
}

function toPage(rows: readonly LayerRow[], limit: number, mark: (row: LayerRow) => string): Page<LayerVersion> {
  const last = rows[limit - 1];
  const items = rows.slice(0, limit).map(toLayerVersion);
  return rows.length > limit && last ? { items, next: mark(last) } : { items };
}

function toLayerVersion(row: LayerRow): LayerVersion {
  return JSON.parse(row.record) as LayerVersion;
}
