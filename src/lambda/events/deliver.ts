import { ServiceError } from "../../lib/errors.ts";
import type {
  DeadLetter,
  Delivery,
  EventTarget,
  LeasedEvent,
  Settlement,
} from "../../metadata/function/events-protocol.ts";
import type { MessageAttributes } from "../../metadata/queue/protocol.ts";
import { functionNotFound } from "../errors.ts";
import { LATEST } from "../names.ts";
import type { EventContext } from "./context.ts";
import { parseDestination } from "./destination.ts";
import { nameRecord } from "./record.ts";

/** A destination that refuses for so long has lost its record, as with AWS (`DestinationDeliveryFailures`). */
const MAX_DELIVERY_MS = 6 * 3_600_000;
const MAX_DELAY_SECONDS = 300;

/**
 * Brings an invocation record to its destination. Repeated with the same ids until the destination has taken it:
 * to a bucket it is the same object, to a function the same event.
 */
export async function deliverRecord(
  event: LeasedEvent,
  delivery: Delivery,
  source: EventTarget,
  context: EventContext,
): Promise<Settlement> {
  const lease = { id: event.id, until: event.until };
  try {
    await deliver(event, delivery, source, context);
    return { ...lease, outcome: "done" };
  } catch (error) {
    const why = error instanceof ServiceError ? `${error.code}: ${error.message}` : String(error);
    const where = [delivery.destination, delivery.deadLetter?.queue].filter((arn) => arn !== undefined).join(" and ");
    console.error(`The record of ${event.id} was not delivered to ${where}: ${why}`);
    const now = Date.now();
    if (now - delivery.since > MAX_DELIVERY_MS) return { ...lease, outcome: "done" };
    return { ...lease, outcome: "delayed", due: now + Math.min(2 ** event.delays, MAX_DELAY_SECONDS) * 1_000 };
  }
}

/** Both, in each attempt: neither is done twice. */
async function deliver(
  event: LeasedEvent,
  delivery: Delivery,
  source: EventTarget,
  context: EventContext,
): Promise<void> {
  if (delivery.deadLetter) await sendDeadLetter(event, delivery.deadLetter, context);
  const { destination } = delivery;
  if (destination !== undefined) await deliverTo(destination, event, delivery, source, context);
}

async function deliverTo(
  destination: string,
  { payload, traceHeader = "" }: LeasedEvent,
  { deliveryId, since }: Delivery,
  { accountId, functionName }: EventTarget,
  { ports, directory }: EventContext,
): Promise<void> {
  const parsed = parseDestination(destination);
  if (parsed?.kind === "bucket") {
    const key = nameRecord(functionName, deliveryId, since);
    await ports.putObject(accountId, {
      bucket: parsed.bucket,
      key,
      contentType: "application/json",
      bytes: payload,
      traceHeader,
    });
    return;
  }
  if (parsed?.kind === "queue") {
    return ports.sendToQueue(parsed.queue, { id: deliveryId, body: Buffer.from(payload).toString(), traceHeader });
  }
  if (parsed?.kind !== "function") throw new Error(`no delivery to ${destination}`);
  const { name, qualifier } = parsed;
  if (!(await directory.findFunction(accountId, name, qualifier ?? LATEST))) throw functionNotFound(destination);
  await ports.acceptEvents({ accountId, functionName: name }, [
    { id: deliveryId, payload, source: "destination", traceHeader, ...(qualifier !== undefined && { qualifier }) },
  ]);
}

async function sendDeadLetter(
  { id, payload, traceHeader = "" }: LeasedEvent,
  deadLetter: DeadLetter,
  { ports }: EventContext,
): Promise<void> {
  const parsed = parseDestination(deadLetter.queue);
  if (parsed?.kind !== "queue") throw new Error(`no dead letters to ${deadLetter.queue}`);
  const { begin, end } = deadLetter.event ?? { begin: 0, end: payload.byteLength };
  await ports.sendToQueue(parsed.queue, {
    id,
    // A message is never empty.
    body: Buffer.from(payload.subarray(begin, end)).toString() || "{}",
    attributes: describeDeadLetter(deadLetter),
    traceHeader,
  });
}

/** "Attributes of a dead-letter queue message": the message itself is the event. */
function describeDeadLetter({ requestId, errorCode, errorMessage }: DeadLetter): MessageAttributes {
  return {
    RequestID: { DataType: "String", StringValue: requestId },
    ErrorCode: { DataType: "Number", StringValue: String(errorCode) },
    ErrorMessage: { DataType: "String", StringValue: errorMessage },
  };
}
