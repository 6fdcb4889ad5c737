import type { LookupKey, TrailEvent, TrailLimits, TrailPage, TrailQuery } from "./protocol.ts";

const DAY_MS = 86_400_000;
/** What is above its share goes in portions, so that a full trail does not search for its oldest with every append. */
const PORTION = 0.05;

type EventRow = {
  time: number;
  event_id: string;
  name: string;
  source: string;
  read_only: number;
  username: string;
  access_key_id: string;
  resources: string;
  record: string;
};

const COLUMNS: Readonly<Record<Exclude<LookupKey, "ResourceName" | "ResourceType">, string>> = {
  AccessKeyId: "access_key_id",
  EventId: "event_id",
  EventName: "name",
  EventSource: "source",
  ReadOnly: "read_only",
  Username: "username",
};

/** Adds events that are not there yet, and takes away what is too old or too much. */
export function appendEvents(sql: SqlStorage, events: readonly TrailEvent[], limits: TrailLimits, now: number): void {
  const added = new Map<string, number>();
  for (const event of events) {
    if (insertEvent(sql, event)) added.set(event.kind, (added.get(event.kind) ?? 0) + 1);
  }
  for (const [kind, count] of added) {
    const { events: kept } = sql
      .exec<{ events: number }>(
        `INSERT INTO kept (kind, events) VALUES (?, ?)
         ON CONFLICT (kind) DO UPDATE SET events = events + excluded.events RETURNING events`,
        kind,
        count,
      )
      .one();
    if (kept > limits.events) {
      const surplus = kept - limits.events + Math.floor(limits.events * PORTION);
      removeEvents(sql, "kind = ?", kind, surplus);
    }
  }
  removeEvents(sql, "time < ?", now - limits.days * DAY_MS);
}

function insertEvent(sql: SqlStorage, event: TrailEvent): boolean {
  const { rowsWritten } = sql.exec(
    "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    event.time,
    event.eventId,
    event.kind,
    event.name,
    event.source,
    event.readOnly ? 1 : 0,
    event.username,
    event.accessKeyId,
    // One text for each attribute that is looked for: `"name":"photos"` is in it exactly where one has that name.
    JSON.stringify(event.resources),
  );
  if (rowsWritten === 0) return false;
  sql.exec("INSERT INTO records VALUES (?, ?) ON CONFLICT DO NOTHING", event.eventId, event.record);
  return true;
}

/** The oldest of those that `condition` is true of, `limit` at most. */
function removeEvents(sql: SqlStorage, condition: string, value: string | number, limit = -1): void {
  const removed = sql
    .exec<{ time: number; event_id: string; kind: string }>(
      `SELECT time, event_id, kind FROM events WHERE ${condition} ORDER BY time LIMIT ?`,
      value,
      limit,
    )
    .toArray();
  for (const { time, event_id: eventId } of removed) {
    sql.exec("DELETE FROM events WHERE time = ? AND event_id = ?", time, eventId);
    sql.exec("DELETE FROM records WHERE event_id = ?", eventId);
  }
  for (const [kind, gone] of Map.groupBy(removed, (row) => row.kind)) {
    sql.exec("UPDATE kept SET events = events - ? WHERE kind = ?", gone.length, kind);
  }
}

export function lookupEvents(sql: SqlStorage, query: TrailQuery): TrailPage {
  const { from, to, after, attribute, limit } = query;
  const conditions = ["time BETWEEN ? AND ?"];
  const values: (string | number)[] = [from, to];
  if (after) {
    conditions.push("(time, event_id) < (?, ?)");
    values.push(after.time, after.eventId);
  }
  if (attribute) {
    const { condition, value } = describeAttribute(attribute);
    conditions.push(condition);
    values.push(value);
  }
  const rows = sql
    .exec<EventRow>(
      `SELECT events.*, record FROM events JOIN records USING (event_id)
       WHERE ${conditions.join(" AND ")} ORDER BY time DESC, event_id DESC LIMIT ?`,
      ...values,
      limit + 1,
    )
    .toArray();
  return { events: rows.slice(0, limit).map(toEvent), more: rows.length > limit };
}

function describeAttribute({ key, value }: NonNullable<TrailQuery["attribute"]>): {
  readonly condition: string;
  readonly value: string | number;
} {
  if (key === "ResourceName" || key === "ResourceType") {
    const member = key === "ResourceName" ? "name" : "type";
    return { condition: "instr(resources, ?) > 0", value: `"${member}":${JSON.stringify(value)}` };
  }
  return { condition: `${COLUMNS[key]} = ?`, value: key === "ReadOnly" ? Number(value === "true") : value };
}

function toEvent(row: EventRow): TrailPage["events"][number] {
  return {
    eventId: row.event_id,
    time: row.time,
    name: row.name,
    source: row.source,
    readOnly: row.read_only === 1,
    username: row.username,
    accessKeyId: row.access_key_id,
    resources: JSON.parse(row.resources) as TrailEvent["resources"],
    record: row.record,
  };
}
