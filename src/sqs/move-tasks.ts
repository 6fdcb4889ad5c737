import type { MoveTask, QueueAddress } from "../metadata/queue/protocol.ts";
import { formatQueueArn, parseQueueArn } from "../metadata/queue/settings.ts";
import { readInteger, requireText, type SqsCall, type SqsResult } from "./call.ts";
import { invalidParameter, sqsError } from "./errors.ts";

const MAX_PER_SECOND = 500;
const MAX_RESULTS = 10;
const TASK_ID = /^[0-9a-f-]{36}$/;

/** StartMessageMoveTask: the messages of a dead-letter queue go back, or to another queue. */
export async function startMessageMoveTask(call: SqsCall): Promise<SqsResult> {
  const source = readQueue(call, "SourceArn");
  const destination = call.input.text("DestinationArn") === undefined ? undefined : readQueue(call, "DestinationArn");
  const perSecond = readInteger(call.input, "MaxNumberOfMessagesPerSecond", 1, MAX_PER_SECOND);
  const sources = (await call.directory(source.accountId).listSources(source.name, "", MAX_SOURCES)).names;
  if (!(await call.queue(source).find())) throw noSuchQueue("SourceArn");
  if (sources.length === 0) {
    throw sqsError("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.");
  }
  if (destination) await checkDestination(call, source, destination);
  // It sends as the caller, who must be allowed to wherever messages may go.
  for (const name of destination ? [destination.name] : sources) {
    await call.authorise("sqs:SendMessage", { accountId: source.accountId, name });
  }
  const wanted = { ...(destination && { destination }), ...(perSecond !== undefined && { perSecond }) };
  const task = await call.queue(source).startMoveTask(wanted);
  if (!task) throw noSuchQueue("SourceArn");
  if (task === "running") {
    throw sqsError(
      "UnsupportedOperation",
      "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    );
  }
  return { TaskHandle: writeHandle(formatQueueArn(call.region, source), task.id) };
}

/** ListMessageMoveTasks: the latest first. */
export async function listMessageMoveTasks(call: SqsCall): Promise<SqsResult> {
  const source = readQueue(call, "SourceArn");
  const limit = readInteger(call.input, "MaxResults", 1, MAX_RESULTS) ?? 1;
  const tasks = await call.queue(source).listMoveTasks(limit);
  if (!tasks) throw noSuchQueue("SourceArn");
  const sourceArn = formatQueueArn(call.region, source);
  return { Results: tasks.map((task) => renderTask(call, sourceArn, task)) };
}

/** CancelMessageMoveTask: what has been moved stays where it is. */
export async function cancelMessageMoveTask(call: SqsCall): Promise<SqsResult> {
  const { source, id } = readHandle(call);
  const task = await call.queue(source).cancelMoveTask(id);
  if (!task) throw sqsError("ResourceNotFoundException", "Task does not exist.");
  if (task === "ended") throw sqsError("UnsupportedOperation", "Only active tasks can be cancelled.");
  return { ApproximateNumberOfMessagesMoved: task.moved };
}

/** The queue that a request about move tasks is about, as the operation will read it; undefined where it cannot be read. */
export function findMoveSource(operation: string, input: SqsCall["input"]): QueueAddress | undefined {
  if (operation === "CancelMessageMoveTask") return parseHandle(input.text("TaskHandle") ?? "")?.source;
  return parseQueueArn(input.text("SourceArn") ?? "");
}

/** As a queue's directory lists them; more queues with one dead-letter queue are not asked for. */
const MAX_SOURCES = 1_000;

async function checkDestination(call: SqsCall, source: QueueAddress, destination: QueueAddress): Promise<void> {
  if (destination.name === source.name) {
    throw sqsError("InvalidParameterValue", "Source queue arn and destination queue arn cannot be the same.");
  }
  if (destination.name.endsWith(".fifo") !== source.name.endsWith(".fifo")) {
    throw sqsError("InvalidParameterValue", "Source queue and destination queue must be of the same type.");
  }
  if (!(await call.queue(destination).find())) throw noSuchQueue("DestinationArn");
}

function readQueue(call: SqsCall, name: "SourceArn" | "DestinationArn"): QueueAddress {
  const arn = requireText(call.input, name);
  const queue = parseQueueArn(arn);
  if (!queue || queue.region !== call.region || queue.accountId !== call.account.id) {
    throw invalidParameter(name, arn, "It must be the ARN of a queue of this account and region.");
  }
  return { accountId: queue.accountId, name: queue.name };
}

function noSuchQueue(name: "SourceArn" | "DestinationArn") {
  return sqsError(
    "ResourceNotFoundException",
    `The resource that you specified for the ${name} parameter doesn't exist.`,
  );
}

function writeHandle(sourceArn: string, taskId: string): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn })).toString("base64");
}

function readHandle({ account, input }: SqsCall): { source: QueueAddress; id: string } {
  const handle = parseHandle(requireText(input, "TaskHandle"));
  if (handle?.source.accountId === account.id) return handle;
  throw sqsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
}

function parseHandle(text: string): { source: QueueAddress; id: string } | undefined {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(text, "base64").toString()) as Record<string, unknown>;
    const source = parseQueueArn(String(sourceArn));
    const id = String(taskId);
    return source && TASK_ID.test(id) ? { source: { accountId: source.accountId, name: source.name }, id } : undefined;
  } catch {
    return undefined;
  }
}

function renderTask(call: SqsCall, sourceArn: string, task: MoveTask): SqsResult {
  const { destination, failure, perSecond } = task;
  return {
    // "only populated for tasks that are in RUNNING status".
    ...(task.status === "RUNNING" && { TaskHandle: writeHandle(sourceArn, task.id) }),
    Status: task.status,
    SourceArn: sourceArn,
    ...(destination && { DestinationArn: formatQueueArn(call.region, destination) }),
    ...(perSecond !== undefined && { MaxNumberOfMessagesPerSecond: perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(failure !== undefined && { FailureReason: failure }),
    StartedTimestamp: task.startedAt,
  };
}
