import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import type { Env } from "../../../src/env.ts";
import { writeInventory } from "../../../src/gateway/inventory/write-inventory.ts";
import { consume } from "../../../src/jobs/consume.ts";
import type { JobMessage } from "../../../src/jobs/messages.ts";
import { bindings } from "../bucket/index-fixture.ts";

/** The bindings with a queue that only remembers, so that a test says when a message is delivered. */
export function recordQueue(): { readonly env: Env; readonly sent: JobMessage[] } {
  const sent: JobMessage[] = [];
  const answer = { metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: new Date(0) } } };
  const queue: Queue<JobMessage> = {
    metrics: () => Promise.resolve(answer.metadata.metrics),
    send: (message) => {
      sent.push(message);
      return Promise.resolve(answer);
    },
    sendBatch: (messages) => {
      sent.push(...Array.from(messages, ({ body }) => body));
      return Promise.resolve(answer);
    },
  };
  return { env: { ...bindings, BACKGROUND: queue }, sent };
}

/** Delivers messages in one batch; answers which were acknowledged, and when the others come again. */
export async function deliver(env: Env, bodies: readonly unknown[], attempts = 1) {
  const messages = bodies.map((body, index) => ({ id: String(index), timestamp: new Date(), attempts, body }));
  const batch = createMessageBatch<JobMessage>("verge-background", messages as never);
  await consume(batch, env, { "write-inventory": writeInventory });
  return getQueueResult(batch, createExecutionContext());
}

/** Delivers what was sent, and what that sends, until nothing is left. */
export async function drain(env: Env, sent: JobMessage[]): Promise<void> {
  for (let message = sent.shift(); message; message = sent.shift()) {
    const { retryMessages } = await deliver(env, [message]);
    if (retryMessages.length > 0) throw new Error(`the job failed: ${JSON.stringify(message)}`);
  }
}
