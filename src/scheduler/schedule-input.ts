import type { JsonInput } from "../lib/json-input.ts";
import { parseFunctionArn } from "../metadata/function/arn.ts";
import { parseQueueArn } from "../metadata/queue/settings.ts";
import { isTimeZone, parseScheduleExpression } from "../metadata/schedule/expression.ts";
import type { ScheduleOwner, ScheduleSettings, ScheduleTarget } from "../metadata/schedule/protocol.ts";
import { schedulerError } from "./errors.ts";

const ROLE_ARN = /^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const KEY_ARN = /^arn:aws(-[a-z]+)?:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[0-9a-zA-Z-_]*$/;
/** A day, and 185 retries, by default as at most. */
const MAX_AGE = 86_400;
const MAX_RETRIES = 185;
/** Of Lambda's asynchronous payload. */
const MAX_INPUT_BYTES = 1_048_576;
/** The end of the last year that expressions know. */
const LAST_DATE = Date.UTC(2200, 0) - 1;
const OTHER_TARGETS = ["EcsParameters", "EventBridgeParameters", "KinesisParameters", "SageMakerPipelineParameters"];
/** Of a standard queue. */
const DEAD_LETTER_ARN = /^arn:aws(-[a-z]+)?:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9\-_]+$/;

/** What CreateSchedule and UpdateSchedule say of a schedule. @throws ServiceError ValidationException */
export function readSettings(input: JsonInput, owner: ScheduleOwner): ScheduleSettings {
  const expression = input.requireText("ScheduleExpression", { min: 1, max: 256 });
  const timeZone = input.text("ScheduleExpressionTimezone", { min: 1, max: 50 }) ?? "UTC";
  const description = input.text("Description", { max: 512 });
  const kmsKeyArn = input.text("KmsKeyArn", { min: 1, max: 2_048, pattern: KEY_ARN });
  const state = input.text("State", { values: ["ENABLED", "DISABLED"] }) ?? "ENABLED";
  const after = input.text("ActionAfterCompletion", { values: ["NONE", "DELETE"] }) ?? "NONE";
  const startAt = readDate(input, "StartDate");
  const endAt = readDate(input, "EndDate");
  const windowMinutes = readWindow(input.requireStructure("FlexibleTimeWindow"));
  const target = readTarget(input.requireStructure("Target"));
  input.finish();
  if (!parseScheduleExpression(expression)) throw invalid(`Invalid Schedule Expression ${expression}.`);
  if (!isTimeZone(timeZone)) throw invalid(`Invalid Schedule Expression Timezone ${timeZone}.`);
  if (startAt !== undefined && endAt !== undefined && startAt >= endAt) {
    throw invalid("The StartDate you specify must come before the EndDate you specify.");
  }
  checkTarget(target, owner);
  return {
    expression,
    timeZone,
    state: state === "DISABLED" ? "DISABLED" : "ENABLED",
    actionAfterCompletion: after === "DELETE" ? "DELETE" : "NONE",
    windowMinutes,
    target,
    ...(startAt !== undefined && { startAt }),
    ...(endAt !== undefined && { endAt }),
    ...(description !== undefined && { description }),
    ...(kmsKeyArn !== undefined && { kmsKeyArn }),
  };
}

/** Milliseconds since 1970. */
function readDate(input: JsonInput, name: string): number | undefined {
  const date = input.timestamp(name);
  if (date !== undefined && (date < 0 || date > LAST_DATE)) throw invalid(`${name} is not a valid timestamp.`);
  return date;
}

/** Minutes of `FlexibleTimeWindow`. */
function readWindow(input: JsonInput): number {
  const mode = input.requireText("Mode", { values: ["OFF", "FLEXIBLE"] });
  const minutes = input.integer("MaximumWindowInMinutes", { min: 1, max: 1_440 });
  if (mode === "OFF" && minutes !== undefined) {
    throw invalid("MaximumWindowInMinutes must not be set when the mode of FlexibleTimeWindow is OFF.");
  }
  if (mode === "FLEXIBLE" && minutes === undefined) {
    throw invalid("MaximumWindowInMinutes must be set when the mode of FlexibleTimeWindow is FLEXIBLE.");
  }
  return minutes ?? 0;
}

function readTarget(input: JsonInput): ScheduleTarget {
  const arn = input.requireText("Arn", { min: 1, max: 1_600 });
  const roleArn = input.requireText("RoleArn", { min: 1, max: 1_600, pattern: ROLE_ARN });
  const text = input.text("Input", { min: 1 });
  const retries = input.structure("RetryPolicy");
  const other = OTHER_TARGETS.find((name) => input.has(name));
  if (other !== undefined) {
    throw invalid(`${other} does not apply to Lambda functions and SQS queues, the targets of this deployment.`);
  }
  const messageGroupId = input.structure("SqsParameters")?.text("MessageGroupId", { min: 1, max: 128 });
  const deadLetterArn = input
    .structure("DeadLetterConfig")
    ?.text("Arn", { min: 1, max: 1_600, pattern: DEAD_LETTER_ARN });
  return {
    arn,
    roleArn,
    ...(text !== undefined && { input: text }),
    ...(messageGroupId !== undefined && { messageGroupId }),
    ...(deadLetterArn !== undefined && { deadLetterArn }),
    maximumEventAgeInSeconds: retries?.integer("MaximumEventAgeInSeconds", { min: 60, max: MAX_AGE }) ?? MAX_AGE,
    maximumRetryAttempts: retries?.integer("MaximumRetryAttempts", { min: 0, max: MAX_RETRIES }) ?? MAX_RETRIES,
  };
}

/** Targets are functions and queues of the account. */
function checkTarget(target: ScheduleTarget, owner: ScheduleOwner): void {
  const { arn, input, deadLetterArn } = target;
  const queue = parseQueueArn(arn);
  const named = queue ?? parseFunctionArn(arn);
  if (!named) {
    throw invalid(
      `Provided Arn is not in correct format: this deployment has Lambda functions and SQS queues as targets. ${arn}`,
    );
  }
  checkPlace(arn, named, owner);
  const deadLetters = deadLetterArn === undefined ? undefined : parseQueueArn(deadLetterArn);
  if (deadLetters) checkPlace(deadLetterArn ?? "", deadLetters, owner);
  if (queue) checkGroup(target, queue.name.endsWith(".fifo"));
  else if (target.messageGroupId !== undefined) throw invalid("SqsParameters does not apply to a Lambda function.");
  if (input === undefined) return;
  if (Buffer.byteLength(input) > MAX_INPUT_BYTES) {
    throw invalid(`Input must have at most ${MAX_INPUT_BYTES} bytes.`);
  }
  if (!queue) checkJson(input);
}

/** Another account's policies would have to agree, and another region is elsewhere. */
function checkPlace(arn: string, place: ScheduleOwner, { accountId, region }: ScheduleOwner): void {
  if (place.region !== region) throw invalid(`Provided Arn is not in the region ${region}: ${arn}`);
  if (place.accountId !== accountId) throw invalid(`The target must be of the account ${accountId}: ${arn}`);
}

function checkGroup({ messageGroupId }: ScheduleTarget, fifo: boolean): void {
  if (fifo && messageGroupId === undefined) {
    throw invalid("SqsParameters with a MessageGroupId is required for a FIFO queue as the target.");
  }
}

/** Messages of queues are any text; events of functions are JSON. */
function checkJson(input: string): void {
  try {
    JSON.parse(input);
  } catch {
    throw invalid("Input must be valid JSON for a Lambda function as the target.");
  }
}

function invalid(message: string) {
  return schedulerError("ValidationException", message);
}
