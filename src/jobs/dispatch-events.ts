import type { Env } from "../env.ts";
import type { EventsMessage, EventTarget } from "../metadata/function/events-protocol.ts";
import type { ConsumerMessage } from "../metadata/queue/protocol.ts";

/** The Worker's own entrypoint that runs events (`ctx.exports`). */
export interface EventRunners {
  readonly FunctionEventRunner: Runner<EventTarget>;
  readonly QueueConsumer: Runner<ConsumerMessage>;
}

interface Runner<Work> {
  run(work: Work): Promise<void>;
  start(work: Work): Promise<void>;
}

/**
 * Wakes a runner for each message of a batch. The message says only where to look: whatever goes wrong, what is
 * due stands in the function's events or the queue, which send another, so that each is acknowledged and none
 * comes again. On the platform the consumer lives as long as its runners; a local queue would deliver nothing
 * meanwhile.
 */
export async function dispatchEvents(
  batch: MessageBatch<EventsMessage | ConsumerMessage>,
  env: Pick<Env, "VERGE_SERIAL_QUEUE">,
  runners: EventRunners,
): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const { body } = message;
      try {
        if ("consumer" in body) await wake(runners.QueueConsumer, body, env);
        else await wake(runners.FunctionEventRunner, body, env);
      } catch (error) {
        console.error(`what ${JSON.stringify(body)} says is due`, error);
      }
      message.ack();
    }),
  );
}

function wake<Work>(runner: Runner<Work>, work: Work, env: Pick<Env, "VERGE_SERIAL_QUEUE">): Promise<void> {
  return env.VERGE_SERIAL_QUEUE ? runner.start(work) : runner.run(work);
}
