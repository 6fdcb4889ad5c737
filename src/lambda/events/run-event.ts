import { ServiceError } from "../../lib/errors.ts";
import type { DeadLetter, EventTarget, LeasedEvent, Settlement } from "../../metadata/function/events-protocol.ts";
import type { FoundFunction } from "../../metadata/function/protocol.ts";
import { findExecutable } from "../invoke/executable.ts";
import { continueTrace, type Trace } from "../invoke/lineage.ts";
import { runExecutable } from "../invoke/sync.ts";
import { formatFunctionArn, LATEST } from "../names.ts";
import { textOf } from "../runtime/payload.ts";
import type { EventContext } from "./context.ts";
import { type Condition, encodeRecord, findRequestPayload, type Response } from "./record.ts";

const DEFAULT_RETRIES = 2;
const DEFAULT_AGE_SECONDS = 21_600;
/** "For throttling errors and system errors, the retry interval increases exponentially from 1 second to 5 minutes." */
const MAX_DELAY_SECONDS = 300;
/**
 * Attempts of which nobody told the end, since the machine died: repeated so often, whatever
 * MaximumRetryAttempts says, because the function may be what kills it.
 */
const MAX_LOST = 2;

/** Of an error that goes to a dead-letter queue. */
const MAX_ERROR_BYTES = 1_024;

/** An event in one attempt. */
interface Attempt {
  readonly event: LeasedEvent;
  readonly target: EventTarget;
  readonly found: FoundFunction;
  readonly trace: Trace;
  readonly context: EventContext;
}

/**
 * Runs the function for an event, unless the event is too old or must not run, and says what is to become of it.
 * Never throws: faults of the deployment put the event off.
 */
export async function runEvent(
  event: LeasedEvent,
  target: EventTarget,
  found: FoundFunction,
  context: EventContext,
): Promise<Settlement> {
  const arn = formatFunctionArn(context.region, { accountId: target.accountId, name: target.functionName });
  const attempt = { event, target, found, context, trace: continueTrace(event.traceHeader, arn) };
  const obstacle = findObstacle(attempt);
  if (obstacle) return giveUp(attempt, obstacle);
  try {
    const response = await execute(attempt);
    return response.output.functionError === undefined
      ? finish(attempt, "Success", found.eventConfig?.onSuccess, response)
      : settleFailure(attempt, response);
  } catch (error) {
    if (!(error instanceof ServiceError)) console.error(`event ${event.id} of ${arn}`, error);
    const delay = Math.min(2 ** event.delays, MAX_DELAY_SECONDS) * 1_000;
    return { ...nameLease(event), outcome: "delayed", due: Math.min(Date.now() + delay, expiryOf(attempt)) };
  }
}

function findObstacle(attempt: Attempt): Condition | undefined {
  const { event, found, trace } = attempt;
  if (Date.now() >= expiryOf(attempt)) return "EventAgeExceeded";
  if (event.attempts - 1 - event.failures > MAX_LOST) return "RetriesExhausted";
  if (found.function.reservedConcurrency === 0) return "ZeroReservedConcurrency";
  if (trace.isLoop && found.function.recursiveLoop !== "Allow") return "RecursiveInvocation";
  return undefined;
}

async function execute({ event, target, trace, context }: Attempt): Promise<Response> {
  const { accountId, functionName } = target;
  const executable = await findExecutable({
    ...context,
    target: { accountId, name: functionName, qualifier: event.qualifier },
  });
  const output = await runExecutable(context, executable, {
    requestId: event.id,
    payload: event.payload,
    invokedArn: executable.invokedArn,
    deadlineMs: Date.now() + context.maxRunMs,
    traceId: trace.header,
  });
  return { executedVersion: executable.version.version, output };
}

/** "Lambda attempts to run it two more times, with a one-minute wait …, and two minutes …" */
function settleFailure(attempt: Attempt, response: Response): Settlement {
  const { event, found, context } = attempt;
  const failures = event.failures + 1;
  if (failures > (found.eventConfig?.maximumRetryAttempts ?? DEFAULT_RETRIES)) {
    return giveUp(attempt, "RetriesExhausted", response);
  }
  const due = Date.now() + failures * context.retrySeconds * 1_000;
  if (due >= expiryOf(attempt)) return giveUp(attempt, "EventAgeExceeded", response);
  return { ...nameLease(event), outcome: "failed", due };
}

/** The event has failed for good: its record goes to the destination for that, the event to the dead-letter queue. */
function giveUp(attempt: Attempt, condition: Condition, response?: Response): Settlement {
  const { found, event, trace } = attempt;
  const settled = finish(attempt, condition, found.eventConfig?.onFailure, response);
  const queue = found.version.settings.deadLetterQueue;
  if (!queue) return settled;
  const deadLetter = { ...describeFailure(attempt, condition, response), queue };
  if (settled.outcome === "deliver") {
    const span = findRequestPayload(settled.record, event.payload);
    return { ...settled, delivery: { ...settled.delivery, deadLetter: { ...deadLetter, event: span } } };
  }
  const delivery = { deliveryId: event.id, since: Date.now(), deadLetter };
  return { ...nameLease(event), outcome: "deliver", delivery, record: event.payload, traceHeader: trace.header };
}

function describeFailure(
  { event }: Attempt,
  condition: Condition,
  response: Response | undefined,
): Omit<DeadLetter, "queue"> {
  const text = response ? textOf(response.output.payload) : condition;
  // SQS's attributes must not be empty, and Lambda sends the first 1 KB.
  return {
    requestId: event.id,
    errorCode: response ? 200 : 429,
    errorMessage: Buffer.from(text).subarray(0, MAX_ERROR_BYTES).toString() || condition,
  };
}

function finish(
  { event, target, context, trace }: Attempt,
  condition: Condition,
  destination: string | undefined,
  response: Response | undefined,
): Settlement {
  if (!destination) return { ...nameLease(event), outcome: "done" };
  const { accountId, functionName } = target;
  const now = Date.now();
  const record = encodeRecord(
    {
      requestId: event.id,
      functionArn: formatFunctionArn(context.region, {
        accountId,
        name: functionName,
        qualifier: event.qualifier ?? LATEST,
      }),
      condition,
      // An attempt that found an obstacle was none.
      invokeCount: response ? event.attempts : event.attempts - 1,
      requestPayload: event.payload,
      ...(response && { response }),
    },
    now,
  );
  return {
    ...nameLease(event),
    outcome: "deliver",
    delivery: { destination, deliveryId: crypto.randomUUID(), since: now },
    record,
    traceHeader: trace.header,
  };
}

function expiryOf({ event, found }: Attempt): number {
  return event.acceptedAt + (found.eventConfig?.maximumEventAgeSeconds ?? DEFAULT_AGE_SECONDS) * 1_000;
}

function nameLease({ id, until }: LeasedEvent): Pick<LeasedEvent, "id" | "until"> {
  return { id, until };
}
