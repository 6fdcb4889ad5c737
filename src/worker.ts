import type { Env } from "./env.ts";
import { handleRequest } from "./gateway/app.ts";
import { writeInventory } from "./gateway/inventory/write-inventory.ts";
import { consume } from "./jobs/consume.ts";
import { dispatchEvents, type EventRunners } from "./jobs/dispatch-events.ts";
import type { JobMessage } from "./jobs/messages.ts";
import { runSchedule } from "./jobs/schedule.ts";
import { createEgress } from "./lambda/runtime/egress.ts";
import type { EventsMessage } from "./metadata/function/events-protocol.ts";
import type { ConsumerMessage } from "./metadata/queue/protocol.ts";

export { BucketIndex } from "./jobs/index-object.ts";
export { OriginShield, OriginShieldCache } from "./gateway/origin-shield.ts";
export { FunctionEventRunner } from "./gateway/function-events.ts";
export { QueueConsumer } from "./gateway/queue-consumers.ts";
export { FunctionEvents } from "./metadata/function/function-events.ts";
export { CdnRegistry } from "./metadata/cdn/cdn-registry.ts";
export { CdnTraffic } from "./metadata/cdn-traffic/cdn-traffic.ts";
export { Distribution } from "./metadata/cdn/distribution.ts";
export { FunctionExecutions } from "./metadata/function/executions.ts";
export { FunctionRegistry } from "./metadata/function/function-registry.ts";
export { KmsKeys } from "./metadata/kms/kms-keys.ts";
export { IamAccount } from "./metadata/iam/iam-account.ts";
export { LogIndex } from "./metadata/logs/log-index.ts";
export { QueueDirectory } from "./metadata/queue/directory.ts";
export { Queue } from "./metadata/queue/queue-object.ts";
export { Registry } from "./metadata/registry/registry.ts";
export { AuditTrail } from "./metadata/trail/audit-trail.ts";
export { Schedules } from "./metadata/schedule/schedules-object.ts";

/** The network as functions see it; what they send to this deployment is answered here. */
export const FunctionEgress = createEgress<Env>(handleRequest);

export default {
  fetch: handleRequest,
  queue: (batch, env, context) =>
    isOfEvents(batch)
      ? dispatchEvents(batch, env, context.exports as unknown as EventRunners)
      : consume(batch as MessageBatch<JobMessage>, env, { "write-inventory": writeInventory }),
  scheduled: (controller, env) => runSchedule(controller, env),
} satisfies ExportedHandler<Env>;

/** A batch is of one queue: work of the store says of what kind it is, messages that wake somebody do not. */
function isOfEvents(batch: MessageBatch): batch is MessageBatch<EventsMessage | ConsumerMessage> {
  return batch.messages.every(({ body }) => typeof body === "object" && body !== null && !("kind" in body));
}
