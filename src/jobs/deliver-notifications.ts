import { mayNotifyFunction } from "../auth/policy/notified-functions.ts";
import type { Env } from "../env.ts";
import { uuidOf } from "../lib/uuid-of.ts";
import type { OutgoingEvent } from "../metadata/bucket/events.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { parseFunctionArn } from "../metadata/function/arn.ts";
import { uncachedFunctions } from "../metadata/function/client.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import { acceptEvents } from "../metadata/function/events-client.ts";
import { queueOf } from "../metadata/queue/client.ts";
import { parseQueueArn } from "../metadata/queue/settings.ts";
import { mayNotifyQueue } from "../sqs/notified-queues.ts";
import { sendServiceMessage } from "../sqs/service-messages.ts";

type Deliver = (env: Env, bucket: BucketConfig, destination: string, events: readonly OutgoingEvent[]) => Promise<void>;

const encoder = new TextEncoder();

/** How events reach a destination, by the service in its ARN. */
const DELIVERIES: Readonly<Record<string, Deliver>> = { lambda: invokeFunction, sqs: sendToQueue };

/**
 * Hands the events of a bucket to their destination. Those for one that no longer takes them are dropped, as
 * on S3. Throws what may go better in another attempt.
 */
export async function deliverNotifications(
  env: Env,
  bucket: BucketConfig,
  destination: string,
  events: readonly OutgoingEvent[],
): Promise<void> {
  const deliver = DELIVERIES[destination.split(":")[2] ?? ""];
  if (!deliver) return drop(bucket, destination, events);
  await deliver(env, bucket, destination, events);
}

/** Asynchronous invocations; what comes of them is Lambda's business. */
async function invokeFunction(
  env: Env,
  bucket: BucketConfig,
  destination: string,
  events: readonly OutgoingEvent[],
): Promise<void> {
  const target = parseFunctionArn(destination);
  // What an isolate remembers may be older than the permission: nothing is dropped on its word.
  const allowed =
    target !== undefined &&
    ((await mayNotifyFunction(functionDirectoryOf(env), bucket, target)) ||
      (await mayNotifyFunction(uncachedFunctions(env), bucket, target)));
  if (!allowed) return drop(bucket, destination, events);
  const { accountId, name: functionName, qualifier } = target;
  await acceptEvents(
    env,
    { accountId, functionName },
    // Lambda's request ids are UUIDs, as SQS's message ids are.
    events.map(({ id, payload, traceHeader }) => ({
      id: uuidOf(id),
      payload: encoder.encode(payload),
      source: "s3",
      ...(qualifier !== undefined && { qualifier }),
      ...(traceHeader !== undefined && { traceHeader }),
    })),
  );
}

async function sendToQueue(
  env: Env,
  bucket: BucketConfig,
  destination: string,
  events: readonly OutgoingEvent[],
): Promise<void> {
  const address = parseQueueArn(destination);
  const queue = address && queueOf(env, address);
  if (!queue || !(await mayNotifyQueue(queue, address, bucket))) return drop(bucket, destination, events);
  await sendServiceMessage(
    queue,
    ...events.map(({ id, payload, traceHeader }) => ({
      id: uuidOf(id),
      body: payload,
      ...(traceHeader !== undefined && { traceHeader }),
    })),
  );
}

function drop({ name }: BucketConfig, destination: string, events: readonly OutgoingEvent[]): void {
  console.warn(`${events.length} events of bucket ${name} were dropped: ${destination} does not take them any more`);
}
