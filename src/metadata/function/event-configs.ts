import type { EventConfig, EventConfigChange, EventConfigOutcome } from "./event-configs-protocol.ts";
import type { Page } from "./protocol.ts";

type ConfigRow = { record: string };

/** The function, and what the qualifier names, exist. Without `replace` there must be one already. */
export function putEventConfig(
  sql: SqlStorage,
  functionName: string,
  qualifier: string,
  change: EventConfigChange,
  replace: boolean,
  now: number,
): EventConfigOutcome {
  const before = findEventConfig(sql, functionName, qualifier);
  if (!before && !replace) return { outcome: "no-such-config" };
  const config: EventConfig = { ...(!replace && before), ...change, functionName, qualifier, modifiedAt: now };
  sql.exec(
    "INSERT OR REPLACE INTO event_configs (function_name, qualifier, record) VALUES (?, ?, ?)",
    functionName,
    qualifier,
    JSON.stringify(config),
  );
  return { outcome: "ok", config };
}

export function findEventConfig(sql: SqlStorage, functionName: string, qualifier: string): EventConfig | undefined {
  const [row] = sql
    .exec<ConfigRow>(
      "SELECT record FROM event_configs WHERE function_name = ? AND qualifier = ?",
      functionName,
      qualifier,
    )
    .toArray();
  return row && (JSON.parse(row.record) as EventConfig);
}

export function listEventConfigs(
  sql: SqlStorage,
  functionName: string,
  after: string,
  limit: number,
): Page<EventConfig> {
  const rows = sql
    .exec<ConfigRow>(
      "SELECT record FROM event_configs WHERE function_name = ? AND qualifier > ? ORDER BY qualifier LIMIT ?",
      functionName,
      after,
      limit + 1,
    )
    .toArray();
  const items = rows.slice(0, limit).map((row) => JSON.parse(row.record) as EventConfig);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.qualifier } : { items };
}

export function deleteEventConfig(sql: SqlStorage, functionName: string, qualifier: string): boolean {
  return (
    sql.exec("DELETE FROM event_configs WHERE function_name = ? AND qualifier = ?", functionName, qualifier)
      .rowsWritten > 0
  );
}
