import type { MessageDetails, MovedMessage } from "./protocol.ts";
import { MAX_BATCH_CHARACTERS, type MessageRow, NEVER, readWithin } from "./rows.ts";

/** Messages on their way to another queue: nobody receives them here any more. */
export interface Move {
  readonly sequence: number;
  readonly message: MovedMessage;
}

/** Null: those that were received too often, which go to the dead-letter queue. */
type TaskId = string | null;

/** Takes a message out of receivers' sight, to be moved. */
export function giveUp(sql: SqlStorage, sequence: number, task: TaskId = null): void {
  sql.exec("UPDATE messages SET visible = ?, receipt = NULL WHERE sequence = ?", NEVER, sequence);
  sql.exec("INSERT OR IGNORE INTO moves (sequence, task) VALUES (?, ?)", sequence, task);
}

export function hasMoves(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM moves WHERE task IS NULL LIMIT 1").raw().next().done !== true;
}

/** Messages that the other queue does not have yet: as many as go into one call. */
export function listMoves(sql: SqlStorage, task: TaskId, limit: number): Move[] {
  const query =
    "SELECT m.* FROM moves JOIN messages AS m USING (sequence) WHERE moves.task IS ? ORDER BY sequence LIMIT ?";
  return readWithin(sql.exec<MessageRow>(query, task, limit), MAX_BATCH_CHARACTERS).map(
    ({ sequence, id, body, details, sent }) => ({
      sequence,
      message: { id, body, details: JSON.parse(details) as MessageDetails, sentAt: sent },
    }),
  );
}

/** They have nowhere to go: they can be received again. */
export function takeBackMoves(sql: SqlStorage, task: TaskId, now: number): void {
  sql.exec("UPDATE messages SET visible = ? WHERE sequence IN (SELECT sequence FROM moves WHERE task IS ?)", now, task);
  sql.exec("DELETE FROM moves WHERE task IS ?", task);
}

export function forgetMove(sql: SqlStorage, sequence: number): void {
  sql.exec("DELETE FROM moves WHERE sequence = ?", sequence);
  sql.exec("DELETE FROM messages WHERE sequence = ?", sequence);
}
