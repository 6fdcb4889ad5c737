import type { Env } from "./env.ts";
import { handleRequest } from "./gateway/app.ts";
import { consume } from "./jobs/consume.ts";
import type { JobMessage } from "./jobs/messages.ts";
import { runSchedule } from "./jobs/schedule.ts";
import { createEgress } from "./lambda/runtime/egress.ts";

export { BucketIndex } from "./jobs/index-object.ts";
export { FunctionEvents } from "./metadata/function/function-events.ts";
export { CdnRegistry } from "./metadata/cdn/cdn-registry.ts";
export { Distribution } from "./metadata/cdn/distribution.ts";
export { FunctionExecutions } from "./metadata/function/executions.ts";
export { FunctionRegistry } from "./metadata/function/function-registry.ts";
export { Registry } from "./metadata/registry/registry.ts";
export { Schedules } from "./metadata/schedule/schedules-object.ts";

/** The network as functions see it; what they send to this deployment is answered here. */
export const FunctionEgress = createEgress<Env>(handleRequest);

export default {
  fetch: handleRequest,
  queue: (batch, env) => consume(batch, env),
  scheduled: (controller, env) => runSchedule(controller, env),
} satisfies ExportedHandler<Env, JobMessage>;
