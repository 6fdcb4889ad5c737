import { giveUp, takeBackMoves } from "./moves.ts";
import type { MoveTask } from "./protocol.ts";

/** As many as a listing shows. */
const MAX_KEPT = 10;

export interface RunningTask {
  readonly task: MoveTask;
  /** No message behind it is moved: what comes later stays. */
  readonly last: number;
  /** From when on there is something to do. */
  readonly due: number;
}

type TaskRow = { record: string; last: number; due: number };

export function addTask(
  sql: SqlStorage,
  wanted: Pick<MoveTask, "destination" | "perSecond">,
  now: number,
): MoveTask | "running" {
  if (findRunning(sql)) return "running";
  const { last, toMove } = sql
    .exec<{ last: number | null; toMove: number }>(
      "SELECT max(sequence) AS last, count(*) AS toMove FROM messages WHERE visible <= ?",
      now,
    )
    .one();
  const task: MoveTask = { ...wanted, id: crypto.randomUUID(), status: "RUNNING", moved: 0, toMove, startedAt: now };
  sql.exec(
    "INSERT INTO move_tasks (id, record, running, last, due) VALUES (?, ?, 1, ?, ?)",
    task.id,
    JSON.stringify(task),
    last ?? 0,
    now,
  );
  const forgotten = listTasks(sql, MAX_KEPT + 1)[MAX_KEPT];
  if (forgotten) sql.exec("DELETE FROM move_tasks WHERE id = ?", forgotten.id);
  return task;
}

/** The latest first. */
export function listTasks(sql: SqlStorage, limit: number): MoveTask[] {
  return sql
    .exec<TaskRow>("SELECT * FROM move_tasks ORDER BY running DESC, record ->> 'startedAt' DESC LIMIT ?", limit)
    .toArray()
    .map(({ record }) => JSON.parse(record) as MoveTask);
}

export function findRunning(sql: SqlStorage): RunningTask | undefined {
  const [row] = sql.exec<TaskRow>("SELECT * FROM move_tasks WHERE running = 1").toArray();
  return row && { task: JSON.parse(row.record) as MoveTask, last: row.last, due: row.due };
}

export function noteTask(sql: SqlStorage, task: MoveTask, due: number): void {
  sql.exec(
    "UPDATE move_tasks SET record = ?, running = ?, due = ? WHERE id = ?",
    JSON.stringify(task),
    task.status === "RUNNING" ? 1 : 0,
    due,
    task.id,
  );
}

/** Ends a task that runs; what has not gone can be received again. Undefined: no such task runs. */
export function cancelTask(sql: SqlStorage, id: string, now: number): MoveTask | undefined {
  const task = findRunning(sql)?.task;
  if (task?.id !== id) return undefined;
  const cancelled = { ...task, status: "CANCELLED" } as const;
  noteTask(sql, cancelled, now);
  takeBackMoves(sql, id, now);
  return cancelled;
}

/** Takes the oldest messages that nobody holds out of receivers' sight, for a task to move them. */
export function chooseMessages(sql: SqlStorage, { task, last }: RunningTask, limit: number, now: number): void {
  const chosen = sql
    .exec<{ sequence: number }>(
      "SELECT sequence FROM messages WHERE sequence <= ? AND visible <= ? ORDER BY sequence LIMIT ?",
      last,
      now,
      limit,
    )
    .toArray();
  for (const { sequence } of chosen) giveUp(sql, sequence, task.id);
}
