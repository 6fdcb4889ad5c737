import type { Env } from "../../env.ts";
import { parseFunctionArn } from "../function/arn.ts";
import type { uncachedFunctions } from "../function/client.ts";
import { acceptEvents } from "../function/events-client.ts";
import { queueOf } from "../queue/client.ts";
import { hashAttributes, hashBody, hashContent } from "../queue/digests.ts";
import type { MessageAttributes } from "../queue/protocol.ts";
import { parseQueueArn } from "../queue/settings.ts";
import { formatScheduleArn } from "./arn.ts";
import type { Failure, Firing, FiringError } from "./firings.ts";
import type { ScheduleOwner } from "./protocol.ts";

type Functions = Pick<ReturnType<typeof uncachedFunctions>, "findFunction">;
type DeliveryEnv = Pick<Env, "FUNCTION_EVENTS" | "QUEUES">;

/** Whom messages of schedules say that they are from. */
const SENDER = "scheduler.amazonaws.com";

/** A target that does not take an invocation, by the target's own error. */
class DeliveryError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What a dead letter says of an error. */
export function describeError(error: unknown): FiringError {
  if (error instanceof DeliveryError) return { code: error.code, message: error.message };
  return { code: "InternalServerError", message: String(error) };
}

/**
 * Hands an invocation to its target, durably when it answers; an invocation that was handed over before is not
 * taken twice. What was given up goes to the dead-letter queue. @throws DeliveryError, or what went wrong
 */
export async function deliverFiring(
  env: DeliveryEnv,
  functions: Functions,
  owner: ScheduleOwner,
  firing: Firing,
): Promise<void> {
  const { failure, target } = firing;
  const body = renderInput(owner, firing);
  if (failure) {
    return sendToQueue(env, target.deadLetterArn ?? "", {
      body,
      onceId: `dead:${firing.id}`,
      attributes: describeFailure(owner, firing, failure),
    });
  }
  if (parseQueueArn(target.arn)) {
    const { messageGroupId: groupId } = target;
    return sendToQueue(env, target.arn, { body, onceId: firing.id, ...(groupId !== undefined && { groupId }) });
  }
  return invokeFunction(env, functions, firing, body);
}

async function invokeFunction(env: DeliveryEnv, functions: Functions, firing: Firing, payload: string): Promise<void> {
  const { arn } = firing.target;
  const target = parseFunctionArn(arn);
  if (!target) throw new DeliveryError("ValidationException", `Not a target of this deployment: ${arn}`);
  const { accountId, name: functionName, qualifier } = target;
  const found = await functions.findFunction(accountId, functionName, qualifier ?? "$LATEST");
  if (!found) throw new DeliveryError("ResourceNotFoundException", `Function not found: ${arn}`);
  await acceptEvents(env, { accountId, functionName }, [
    {
      id: firing.id,
      payload: Buffer.from(payload),
      source: "scheduler",
      ...(qualifier !== undefined && { qualifier }),
    },
  ]);
}

interface QueueMessage {
  readonly body: string;
  readonly onceId: string;
  readonly groupId?: string;
  readonly attributes?: MessageAttributes;
}

async function sendToQueue(
  env: DeliveryEnv,
  arn: string,
  { body, onceId, groupId, attributes }: QueueMessage,
): Promise<void> {
  const address = parseQueueArn(arn);
  const details = {
    senderId: SENDER,
    md5OfBody: hashBody(body),
    ...(groupId !== undefined && { groupId }),
    ...(attributes && { attributes, md5OfAttributes: hashAttributes(attributes) }),
  };
  const message = { id: crypto.randomUUID(), body, details, onceId, contentHash: hashContent(body) };
  const [sent] =
    (address && (await queueOf(env, address).send([{ ...message, bytes: Buffer.byteLength(body) }]))) ?? [];
  if (!sent) {
    throw new DeliveryError("AWS.SimpleQueueService.NonExistentQueue", `The specified queue does not exist: ${arn}`);
  }
  if (!("refused" in sent)) return;
  throw new DeliveryError(
    "InvalidParameterValue",
    sent.refused === "too-long"
      ? `One or more parameters are invalid. Reason: Message must be shorter than ${sent.limit} bytes.`
      : "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
  );
}

/** "Configuring a schedule's dead-letter queue": what the attributes of a dead letter say. */
function describeFailure(owner: ScheduleOwner, firing: Firing, failure: Failure): MessageAttributes {
  const attributes = {
    ERROR_CODE: failure.code,
    ERROR_MESSAGE: failure.message,
    EXECUTION_ID: firing.id,
    EXHAUSTED_RETRY_CONDITION: failure.condition,
    IS_PAYLOAD_TRUNCATED: "false",
    RETRY_ATTEMPTS: String(firing.attempts),
    SCHEDULED_TIME: formatTime(firing.scheduled),
    SCHEDULE_ARN: formatScheduleArn(owner, firing),
    TARGET_ARN: firing.target.arn,
  };
  return Object.fromEntries(
    Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: "String", StringValue }]),
  );
}

/** The target's input, with what the Scheduler knows in the place of its context attributes. */
function renderInput(owner: ScheduleOwner, firing: Firing): string {
  const arn = formatScheduleArn(owner, firing);
  const time = formatTime(firing.scheduled);
  const { input } = firing.target;
  if (input === undefined) return JSON.stringify(createEvent(owner, firing.id, arn, time));
  return input
    .replaceAll("<aws.scheduler.schedule-arn>", arn)
    .replaceAll("<aws.scheduler.scheduled-time>", time)
    .replaceAll("<aws.scheduler.execution-id>", firing.id)
    .replaceAll("<aws.scheduler.attempt-number>", String(firing.attempts + 1));
}

function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** What a target without an input gets. */
function createEvent({ accountId, region }: ScheduleOwner, id: string, arn: string, time: string): object {
  return {
    version: "0",
    id,
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: accountId,
    time,
    region,
    resources: [arn],
    detail: "{}",
  };
}
