import type { Env } from "../env.ts";
import type { EventsMessage, EventTarget } from "../metadata/function/events-protocol.ts";

/** The Worker's own entrypoint that runs events (`ctx.exports`). */
export interface EventRunners {
  readonly FunctionEventRunner: {
    run(target: EventTarget): Promise<void>;
    start(target: EventTarget): Promise<void>;
  };
}

/**
 * Wakes a runner for each message of a batch. The message says only where to look: whatever goes wrong, what is
 * due stands in the function's events, which send another, so that each is acknowledged and none comes again.
 * On the platform the consumer lives as long as its runners; a local queue would deliver nothing meanwhile.
 */
export async function dispatchEvents(
  batch: MessageBatch<EventsMessage>,
  env: Pick<Env, "VERGE_SERIAL_QUEUE">,
  { FunctionEventRunner: runner }: EventRunners,
): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const { accountId, functionName } = message.body;
      const target = { accountId, functionName };
      try {
        await (env.VERGE_SERIAL_QUEUE ? runner.start(target) : runner.run(target));
      } catch (error) {
        console.error(`events of ${accountId}:${functionName}`, error);
      }
      message.ack();
    }),
  );
}
