import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import type { EventContext } from "../lambda/events/context.ts";
import { drainEvents } from "../lambda/events/drain.ts";
import { uncachedFunctions } from "../metadata/function/client.ts";
import type { HostSession } from "../lambda/runtime/remote/session.ts";
import { acceptEvents, askFunctionEvents } from "../metadata/function/events-client.ts";
import type { EventTarget } from "../metadata/function/events-protocol.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import { queueOf } from "../metadata/queue/client.ts";
import { sendServiceMessage } from "../sqs/service-messages.ts";
import { putObjectFor } from "./act-on-bucket.ts";
import { deploymentOf } from "./deployment.ts";
import { openHostSession, type OwnEntrypoints } from "./function-runtime.ts";
import { createExecutionPorts } from "./lambda-ports.ts";

/** A queue's consumer lives for 15 minutes: asynchronous invocations end before (docs/decisions/0010-async-dispatch.md). */
export const MAX_RUN_MS = 840_000;

/** Runs asynchronous invocations; a request of its own for each message, so that each has the platform's limits for itself. */
export class FunctionEventRunner extends WorkerEntrypoint<Env> {
  /** Answers when nothing is due any more, or after some time. */
  async run(target: EventTarget): Promise<void> {
    using hostSession = openHostSession(this.env);
    await drainEvents(target, this.#createContext(hostSession));
  }

  /** The same, without letting the caller wait for it: where `waitUntil` has no limit, as in a local workerd. */
  start(target: EventTarget): void {
    this.ctx.waitUntil(
      this.run(target).catch((error: unknown) => console.error(`events of ${JSON.stringify(target)}`, error)),
    );
  }

  #createContext(hostSession: HostSession | undefined): EventContext {
    const { env } = this;
    const deployment = deploymentOf(env);
    const request = {
      env,
      deployment,
      entrypoints: this.ctx.exports as OwnEntrypoints,
      defer: (work: Promise<unknown>) => this.ctx.waitUntil(work.catch(() => undefined)),
      hostSession,
    };
    return {
      region: deployment.region,
      directory: functionDirectoryOf(env),
      ports: {
        ...createExecutionPorts(request),
        acceptEvents: (target, events) => acceptEvents(env, target, events),
        askEvents: (target, question) => askFunctionEvents(env, target, question),
        sendToQueue: (queue, message) => sendServiceMessage(queueOf(env, queue), message),
        findFunctionNow: uncachedFunctions(env).findFunction,
        putObject: (accountId, object) => putObjectFor(accountId, object, request),
      },
      retrySeconds: deployment.asyncRetrySeconds,
      maxRunMs: MAX_RUN_MS,
    };
  }
}
