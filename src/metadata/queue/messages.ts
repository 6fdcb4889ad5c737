import type {
  MessageDetails,
  MovedMessage,
  NewMessage,
  ReceiptOutcome,
  ReceivedMessage,
  RefusedMessage,
  SentMessage,
} from "./protocol.ts";
import { giveUp } from "./moves.ts";
import { MAX_BATCH_CHARACTERS, type MessageRow, NEVER, readWithin } from "./rows.ts";
import type { QueueSettings } from "./settings.ts";

/** "The deduplication interval is 5 minutes". */
const DEDUPLICATION_MS = 300_000;
/** How long a dead-letter queue knows what it has taken over: far longer than an attempt to hand it over. */
const TAKEN_OVER_MS = 86_400_000;
/** The next sequence number: it grows with the time, so that it never comes back when all messages are gone. */
function nextSequence(sql: SqlStorage, now: number): number {
  const { last } = sql.exec<{ last: number | null }>("SELECT max(sequence) AS last FROM messages").one();
  return Math.max((last ?? 0) + 1, now * 1_000);
}

/** Adds a message, unless it repeats one that was sent lately, or the queue does not take it. */
export function addMessage(
  sql: SqlStorage,
  settings: QueueSettings,
  message: NewMessage,
  now: number,
): SentMessage | RefusedMessage {
  if (message.bytes > settings.maximumBytes) return { refused: "too-long", limit: settings.maximumBytes };
  const details = settings.fifo ? withDeduplicationId(settings, message) : message.details;
  if (!details) return { refused: "no-deduplication-id" };
  const token = tokenOf(settings, details) ?? (message.onceId === undefined ? undefined : `once:${message.onceId}`);
  const earlier = token === undefined ? undefined : findSent(sql, token, now);
  if (earlier) return earlier;
  const { id, body, delaySeconds = settings.delaySeconds } = message;
  const sequence = nextSequence(sql, now);
  insertMessage(sql, { id, body, details, sequence, sentAt: now, visibleAt: now + delaySeconds * 1_000 });
  const sent = { id, sequence };
  if (token !== undefined) rememberSent(sql, token, sent, now + DEDUPLICATION_MS);
  return sent;
}

function withDeduplicationId(
  settings: QueueSettings,
  { details, contentHash }: NewMessage,
): MessageDetails | undefined {
  if (details.deduplicationId !== undefined) return details;
  if (!settings.deduplicatesByContent || contentHash === undefined) return undefined;
  return { ...details, deduplicationId: contentHash };
}

/** Takes a message from a queue that gave it up, once. It keeps its id and the time at which it was sent. */
export function takeOverMessage(sql: SqlStorage, message: MovedMessage, now: number): void {
  const token = `moved:${message.moveId ?? message.id}`;
  if (findSent(sql, token, now)) return;
  const sequence = nextSequence(sql, now);
  insertMessage(sql, { ...message, sequence, visibleAt: now });
  rememberSent(sql, token, { id: message.id, sequence }, now + TAKEN_OVER_MS);
}

function insertMessage(
  sql: SqlStorage,
  message: MovedMessage & { readonly sequence: number; readonly visibleAt: number },
): void {
  sql.exec(
    `INSERT INTO messages (sequence, id, body, details, group_id, sent, visible, receives)
     VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
    message.sequence,
    message.id,
    message.body,
    JSON.stringify(message.details),
    message.details.groupId ?? null,
    message.sentAt,
    message.visibleAt,
  );
}

export interface Taking {
  readonly limit: number;
  /** Fewer messages when they are longer together, one at least. */
  readonly maxCharacters?: number;
  readonly visibilityMs: number;
  readonly now: number;
}

/**
 * Receives messages: hides them, and counts. Those that were received too often before are given up instead.
 * A FIFO queue answers the oldest of groups of which nothing is in flight; several of one group in their order.
 */
export function takeMessages(sql: SqlStorage, settings: QueueSettings, taking: Taking): ReceivedMessage[] {
  const maxReceives = settings.redrive?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const rows = listVisible(sql, settings, taking);
    const exhausted = rows.filter(({ receives }) => receives >= maxReceives);
    if (exhausted.length === 0) return rows.map((row) => takeMessage(sql, row, taking));
    // They make room for others.
    for (const { sequence } of exhausted) giveUp(sql, sequence);
  }
}

function listVisible(
  sql: SqlStorage,
  settings: QueueSettings,
  { limit, now, maxCharacters = MAX_BATCH_CHARACTERS }: Pick<Taking, "limit" | "now" | "maxCharacters">,
): MessageRow[] {
  const query = settings.fifo
    ? `SELECT * FROM messages AS m WHERE visible <= ?1 AND sent > ?2
         AND (group_id IS NULL OR group_id NOT IN (SELECT group_id FROM messages
           WHERE visible > ?1 AND visible < ?4 AND receipt IS NOT NULL AND group_id IS NOT NULL))
         AND NOT EXISTS (SELECT 1 FROM messages AS delayed WHERE delayed.group_id = m.group_id
           AND delayed.sequence < m.sequence AND delayed.visible > ?1 AND delayed.visible < ?4)
       ORDER BY sequence LIMIT ?3`
    : "SELECT * FROM messages WHERE visible <= ?1 AND sent > ?2 AND visible < ?4 ORDER BY visible LIMIT ?3";
  const rows = sql.exec<MessageRow>(query, now, oldestKept(settings, now), limit, NEVER);
  return readWithin(rows, maxCharacters);
}

/** Messages sent before count as gone. */
function oldestKept({ retentionSeconds }: QueueSettings, now: number): number {
  return now - retentionSeconds * 1_000;
}

function takeMessage(sql: SqlStorage, row: MessageRow, { visibilityMs, now }: Taking): ReceivedMessage {
  const nonce = crypto.randomUUID();
  const firstReceivedAt = row.first_received ?? now;
  sql.exec(
    "UPDATE messages SET visible = ?, receives = receives + 1, first_received = ?, receipt = ? WHERE sequence = ?",
    now + visibilityMs,
    firstReceivedAt,
    nonce,
    row.sequence,
  );
  return {
    id: row.id,
    body: row.body,
    details: JSON.parse(row.details) as MessageDetails,
    sequence: row.sequence,
    receipt: formatReceipt(row.sequence, nonce),
    sentAt: row.sent,
    firstReceivedAt,
    receives: row.receives + 1,
  };
}

/** Deletes a received message. A receipt from before a later one deletes nothing. */
export function deleteMessage(sql: SqlStorage, receipt: string): ReceiptOutcome {
  const { sequence, nonce } = parseReceipt(receipt);
  const { rowsWritten } = sql.exec("DELETE FROM messages WHERE sequence = ? AND receipt = ?", sequence, nonce);
  return rowsWritten > 0 ? "ok" : "stale";
}

/** Hides a received message for so many milliseconds from now. */
export function hideMessage(sql: SqlStorage, receipt: string, visibilityMs: number, now: number): ReceiptOutcome {
  const { sequence, nonce } = parseReceipt(receipt);
  const [row] = sql
    .exec<{ visible: number; receipt: string | null }>(
      "SELECT visible, receipt FROM messages WHERE sequence = ?",
      sequence,
    )
    .toArray();
  if (!row || row.receipt !== nonce) return "stale";
  if (row.visible <= now || row.visible === NEVER) return "not-in-flight";
  sql.exec("UPDATE messages SET visible = ? WHERE sequence = ?", now + visibilityMs, sequence);
  return "ok";
}

/** Whether a text has the form of a receipt handle of any queue. */
export function isReceipt(text: string): boolean {
  return /^\d{1,16}\.[0-9a-f-]{36}$/.test(Buffer.from(text, "base64url").toString());
}

/** Whether a receiver would get something. */
export function hasReceivable(sql: SqlStorage, settings: QueueSettings, now: number): boolean {
  return listVisible(sql, settings, { limit: 1, now }).length > 0;
}

/** When a message becomes visible next, without a call of anyone; undefined when none waits. */
export function nextVisible(sql: SqlStorage, now: number): number | undefined {
  const { next } = sql
    .exec<{ next: number | null }>(
      "SELECT min(visible) AS next FROM messages WHERE visible > ? AND visible < ?",
      now,
      NEVER,
    )
    .one();
  return next ?? undefined;
}

export function countMessages(
  sql: SqlStorage,
  settings: QueueSettings,
  now: number,
): { visible: number; inFlight: number; delayed: number } {
  const { visible, hidden, delayed } = sql
    .exec<{ visible: number; hidden: number; delayed: number }>(
      `SELECT count(*) FILTER (WHERE visible <= ?1) AS visible, count(*) FILTER (WHERE visible > ?1 AND visible < ?2) AS hidden,
         count(*) FILTER (WHERE visible > ?1 AND receives = 0) AS delayed FROM messages WHERE sent > ?3`,
      now,
      NEVER,
      oldestKept(settings, now),
    )
    .one();
  return { visible, inFlight: hidden - delayed, delayed };
}

/** Forgets messages older than the retention, and what was sent too long ago to be repeated. */
export function forgetOld(sql: SqlStorage, { retentionSeconds }: QueueSettings, now: number): void {
  sql.exec("DELETE FROM messages WHERE sequence <= ? AND visible < ?", (now - retentionSeconds * 1_000) * 1_000, NEVER);
  sql.exec("DELETE FROM sent WHERE until <= ?", now);
}

function tokenOf({ fifo, deduplicatesByGroup }: QueueSettings, details: MessageDetails): string | undefined {
  if (!fifo) return undefined;
  return `sent:${JSON.stringify([deduplicatesByGroup ? details.groupId : null, details.deduplicationId])}`;
}

function findSent(sql: SqlStorage, token: string, now: number): SentMessage | undefined {
  return sql
    .exec<{ id: string; sequence: number }>("SELECT id, sequence FROM sent WHERE token = ? AND until > ?", token, now)
    .toArray()[0];
}

function rememberSent(sql: SqlStorage, token: string, { id, sequence }: SentMessage, until: number): void {
  sql.exec("INSERT OR REPLACE INTO sent (token, id, sequence, until) VALUES (?, ?, ?, ?)", token, id, sequence, until);
}

function formatReceipt(sequence: number, nonce: string): string {
  return Buffer.from(`${sequence}.${nonce}`).toString("base64url");
}

function parseReceipt(receipt: string): { sequence: number; nonce: string } {
  const [sequence, nonce = ""] = Buffer.from(receipt, "base64url").toString().split(".");
  return { sequence: Number(sequence), nonce };
}
