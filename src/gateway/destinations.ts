import { mayNotifyFunction } from "../auth/policy/notified-functions.ts";
import type { Env } from "../env.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { parseFunctionArn } from "../metadata/function/arn.ts";
import { uncachedFunctions } from "../metadata/function/client.ts";
import { queueOf } from "../metadata/queue/client.ts";
import { parseQueueArn } from "../metadata/queue/settings.ts";
import { mayNotifyQueue } from "../sqs/notified-queues.ts";
import { sendServiceMessage } from "../sqs/service-messages.ts";

interface RequestIds {
  readonly requestId: string;
  readonly hostId: string;
}

type Check = (env: Env, destination: string, bucket: BucketConfig, request: RequestIds) => Promise<string | undefined>;

/** By the service in the ARN; how their events are delivered is in `jobs/deliver-notifications.ts`. */
const CHECKS: Readonly<Record<string, Check>> = { lambda: checkFunction, sqs: checkQueue };

/** What S3 says of a destination that would not take the bucket's events; undefined for one that does. */
export async function checkDestination(
  env: Env,
  destination: string,
  bucket: BucketConfig,
  request: RequestIds,
): Promise<string | undefined> {
  const check = CHECKS[destination.split(":")[2] ?? ""];
  return check ? check(env, destination, bucket, request) : "The destination service is not supported";
}

/** As it is now: the permission may have been given a moment ago, by another isolate. */
async function checkFunction(env: Env, destination: string, bucket: BucketConfig): Promise<string | undefined> {
  const target = parseFunctionArn(destination);
  if (target && (await mayNotifyFunction(uncachedFunctions(env), bucket, target))) return undefined;
  return `Not authorized to invoke function [${destination}]`;
}

/** Sends the message by which S3 shows a queue that it will hear of a bucket ("Event message structure"). */
async function checkQueue(
  env: Env,
  destination: string,
  bucket: BucketConfig,
  request: RequestIds,
): Promise<string | undefined> {
  const address = parseQueueArn(destination);
  if (!address || address.name.endsWith(".fifo")) return "FIFO SQS queues are not supported";
  const queue = queueOf(env, address);
  if (await mayNotifyQueue(queue, address, bucket)) {
    const event = JSON.stringify({
      Service: "Amazon S3",
      Event: "s3:TestEvent",
      Time: new Date().toISOString(),
      Bucket: bucket.name,
      RequestId: request.requestId,
      HostId: request.hostId,
    });
    await sendServiceMessage(queue, { id: crypto.randomUUID(), body: event });
    return undefined;
  }
  return (await queue.find())
    ? "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
    : "The destination queue does not exist";
}
