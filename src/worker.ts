import type { Env } from "./env.ts";
import { app } from "./gateway/app.ts";
import { consume } from "./jobs/consume.ts";
import type { JobMessage } from "./jobs/messages.ts";
import { runSchedule } from "./jobs/schedule.ts";

export { BucketIndex } from "./metadata/bucket/bucket-index.ts";
export { FunctionRegistry } from "./metadata/function/function-registry.ts";
export { Registry } from "./metadata/registry/registry.ts";

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
  queue: (batch, env) => consume(batch, env),
  scheduled: (controller, env) => runSchedule(controller, env),
} satisfies ExportedHandler<Env, JobMessage>;
