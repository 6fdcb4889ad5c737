import type { EventSourceMapping, MappingQuery } from "./mappings-protocol.ts";
import { MAX_TAGS } from "./functions.ts";
import type { Page, TagsOutcome } from "./protocol.ts";

type MappingRow = { record: string };

export function createMapping(sql: SqlStorage, mapping: EventSourceMapping): "ok" | "exists" {
  const { functionName, sourceArn } = mapping;
  const [same] = listMappings(sql, { functionName, sourceArn, after: "", limit: 1 }).items;
  if (same) return "exists";
  sql.exec(
    "INSERT INTO event_source_mappings (uuid, function_name, source_arn, record) VALUES (?, ?, ?, ?)",
    mapping.uuid,
    functionName,
    sourceArn,
    JSON.stringify(mapping),
  );
  return "ok";
}

export function findMapping(sql: SqlStorage, uuid: string): EventSourceMapping | undefined {
  const [row] = sql.exec<MappingRow>("SELECT record FROM event_source_mappings WHERE uuid = ?", uuid).toArray();
  return row && readRow(row);
}

export function listMappings(
  sql: SqlStorage,
  { functionName, sourceArn, after, limit }: MappingQuery,
): Page<EventSourceMapping> {
  const rows = sql
    .exec<MappingRow>(
      `SELECT record FROM event_source_mappings
       WHERE uuid > ?1 AND (?2 IS NULL OR function_name = ?2) AND (?3 IS NULL OR source_arn = ?3)
       ORDER BY uuid LIMIT ?4`,
      after,
      functionName ?? null,
      sourceArn ?? null,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map(readRow);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.uuid } : { items };
}

export function replaceMapping(sql: SqlStorage, mapping: EventSourceMapping): boolean {
  const before = findMapping(sql, mapping.uuid);
  if (!before) return false;
  writeMapping(sql, { ...mapping, ...(before.tags && { tags: before.tags }) });
  return true;
}

export function putMappingTags(sql: SqlStorage, uuid: string, added: Readonly<Record<string, string>>): TagsOutcome {
  const mapping = findMapping(sql, uuid);
  if (!mapping) return { outcome: "not-found" };
  const tags = { ...mapping.tags, ...added };
  if (Object.keys(tags).length > MAX_TAGS) return { outcome: "too-many" };
  writeMapping(sql, { ...mapping, tags });
  return { outcome: "ok" };
}

export function removeMappingTags(sql: SqlStorage, uuid: string, keys: readonly string[]): TagsOutcome {
  const mapping = findMapping(sql, uuid);
  if (!mapping) return { outcome: "not-found" };
  const tags = Object.fromEntries(Object.entries(mapping.tags ?? {}).filter(([key]) => !keys.includes(key)));
  writeMapping(sql, { ...mapping, tags });
  return { outcome: "ok" };
}

function writeMapping(sql: SqlStorage, mapping: EventSourceMapping): void {
  sql.exec(
    "UPDATE event_source_mappings SET function_name = ?, record = ? WHERE uuid = ?",
    mapping.functionName,
    JSON.stringify(mapping),
    mapping.uuid,
  );
}

export function deleteMapping(sql: SqlStorage, uuid: string): EventSourceMapping | undefined {
  const mapping = findMapping(sql, uuid);
  sql.exec("DELETE FROM event_source_mappings WHERE uuid = ?", uuid);
  return mapping;
}

function readRow({ record }: MappingRow): EventSourceMapping {
  return JSON.parse(record) as EventSourceMapping;
}
