import type { Env } from "../../env.ts";
import { queueOf } from "./client.ts";
import { chooseMessages, findRunning, noteTask, type RunningTask } from "./move-tasks.ts";
import { forgetMove, listMoves, type Move, takeBackMoves } from "./moves.ts";
import type { MovedMessage, QueueAddress, QueueRecord } from "./protocol.ts";
import { formatQueueArn, parseQueueArn, type QueueSettings } from "./settings.ts";

/** Messages of one step. */
const MOVES = 100;

/** What moves a queue's messages: the queue itself. */
export interface MovingQueue {
  readonly storage: DurableObjectStorage;
  readonly env: Pick<Env, "QUEUES" | "VERGE_REGION">;
  readonly record: QueueRecord;
  readonly settings: QueueSettings;
}

/** Hands what was given up to the dead-letter queue. False: some of it waits still. */
export async function deliverGivenUp(queue: MovingQueue): Promise<boolean> {
  const { storage, settings } = queue;
  if (!settings.redrive) {
    takeBackMoves(storage.sql, null, Date.now());
    return true;
  }
  const source = arnOf(queue);
  for (;;) {
    const moves = listMoves(storage.sql, null, MOVES);
    if (moves.length === 0) return true;
    const toDeadLetter = ({ message }: Move) => ({
      ...message,
      details: { ...message.details, deadLetterSource: source },
    });
    if (!(await handOver(queue, settings.redrive.target, moves, toDeadLetter))) return false;
  }
}

/**
 * One step of the move task that runs: some messages go, the oldest first. Answers when the next is due; undefined
 * when none is.
 */
export async function runMoveTask(queue: MovingQueue): Promise<number | undefined> {
  const { sql } = queue.storage;
  const running = findRunning(sql);
  const now = Date.now();
  if (!running || running.due > now) return running?.due;
  const { task } = running;
  const limit = Math.min(MOVES, task.perSecond ?? MOVES);
  queue.storage.transactionSync(() => chooseMessages(sql, running, limit, now));
  const moves = listMoves(sql, task.id, MOVES);
  if (moves.length === 0) {
    noteTask(sql, { ...task, status: "COMPLETED" }, now);
    return undefined;
  }
  return moveSome(queue, running, moves);
}

async function moveSome(queue: MovingQueue, running: RunningTask, moves: readonly Move[]): Promise<number | undefined> {
  const { sql } = queue.storage;
  const destinations = Map.groupBy(moves, ({ message }) => destinationOf(running, message));
  let moved = 0;
  for (const [arn, some] of destinations) {
    const target = arn === undefined ? undefined : parseQueueArn(arn);
    const isTaken = target !== undefined && (await handOver(queue, target, some, toNewMessage));
    if (!isTaken) return fail(queue, arn, moved);
    moved += some.length;
  }
  // It may have been cancelled meanwhile.
  const task = findRunning(sql)?.task;
  if (task?.id !== running.task.id) return undefined;
  const due = task.perSecond === undefined ? Date.now() : running.due + (moved * 1_000) / task.perSecond;
  noteTask(sql, { ...task, moved: task.moved + moved }, Math.ceil(due));
  return due;
}

function destinationOf({ task }: RunningTask, { details }: MovedMessage): string | undefined {
  // The region is the deployment's one: only the address counts.
  return task.destination ? formatQueueArn("us-east-1", task.destination) : details.deadLetterSource;
}

/** What has not gone can be received again. */
function fail({ storage }: MovingQueue, destination: string | undefined, moved: number): undefined {
  const { sql } = storage;
  const task = findRunning(sql)?.task;
  if (!task) return undefined;
  const failure =
    destination === undefined ? "CouldNotDetermineMessageSource" : "AWS.SimpleQueueService.NonExistentQueue";
  storage.transactionSync(() => {
    takeBackMoves(sql, task.id, Date.now());
    noteTask(sql, { ...task, status: "FAILED", moved: task.moved + moved, failure }, Date.now());
  });
  return undefined;
}

/** "All redriven messages are considered new messages with a new messageID and enqueueTime." */
function toNewMessage({ message }: Move): MovedMessage {
  const { deadLetterSource: _, ...details } = message.details;
  return { id: crypto.randomUUID(), body: message.body, details, sentAt: Date.now() };
}

/** False: there is no such queue. The other side takes each once, however often it is offered. */
async function handOver(
  queue: MovingQueue,
  target: QueueAddress,
  moves: readonly Move[],
  describe: (move: Move) => MovedMessage,
): Promise<boolean> {
  const source = arnOf(queue);
  const given = moves.map((move) => ({ ...describe(move), moveId: `${source}/${move.sequence}` }));
  if (!(await queueOf(queue.env, target).takeOver(given))) return false;
  for (const { sequence } of moves) forgetMove(queue.storage.sql, sequence);
  return true;
}

function arnOf({ env, record }: MovingQueue): string {
  return formatQueueArn(env.VERGE_REGION ?? "us-east-1", record.address);
}
