import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { consumeQueue } from "../lambda/event-sources/consume.ts";
import { askFunctionRegistry } from "../metadata/function/client.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import { queueOf } from "../metadata/queue/client.ts";
import type { ConsumerMessage } from "../metadata/queue/protocol.ts";
import { deploymentOf } from "./deployment.ts";
import { MAX_RUN_MS } from "./function-events.ts";
import { openHostSession, type OwnEntrypoints } from "./function-runtime.ts";
import { createExecutionPorts } from "./lambda-ports.ts";

/** Runs functions that consume queues; a request of its own for each message that wakes it. */
export class QueueConsumer extends WorkerEntrypoint<Env> {
  /** Answers when there is nothing to receive any more, or after some time. */
  async run({ consumer, queue }: ConsumerMessage): Promise<void> {
    const { env, ctx } = this;
    const deployment = deploymentOf(env);
    using hostSession = openHostSession(env);
    const request = {
      env,
      deployment,
      entrypoints: ctx.exports as OwnEntrypoints,
      defer: (work: Promise<unknown>) => ctx.waitUntil(work.catch(() => undefined)),
      hostSession,
    };
    await consumeQueue(consumer, {
      accountId: consumer.accountId,
      region: deployment.region,
      directory: functionDirectoryOf(env),
      ports: createExecutionPorts(request),
      maxRunMs: MAX_RUN_MS,
      queue: queueOf(env, queue),
      findMapping: () => askFunctionRegistry(env, consumer.accountId, (registry) => registry.findMapping(consumer.id)),
    });
  }

  /** The same, without letting the caller wait for it: where `waitUntil` has no limit, as in a local workerd. */
  start(message: ConsumerMessage): void {
    this.ctx.waitUntil(
      this.run(message).catch((error: unknown) => console.error(`consumer ${message.consumer.id}`, error)),
    );
  }
}
