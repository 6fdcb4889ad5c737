import type { Env } from "../env.ts";
import type { Delivery, JobMessage } from "./messages.ts";
import { rebuildIndex } from "./rebuild-index.ts";
import { settleBucket } from "./settle-bucket.ts";
import { sweepOrphans } from "./sweep-orphans.ts";

type Job<Message> = (message: Message, env: Env, delivery: Delivery) => Promise<void>;
type Jobs = { readonly [Kind in JobMessage["kind"]]: Job<Extract<JobMessage, { kind: Kind }>> };
/** Those that use services as their clients do. */
export type GatewayJobs = Pick<Jobs, "write-inventory">;

const JOBS: Omit<Jobs, keyof GatewayJobs> = {
  "sweep-orphans": sweepOrphans,
  "settle-bucket": settleBucket,
  "rebuild-index": rebuildIndex,
};

const FIRST_DELAY_SECONDS = 5;
const MAX_DELAY_SECONDS = 900;

/**
 * Carries out a batch of a queue. Each message is acknowledged by itself, so that one that fails takes none
 * of its neighbours along: it comes again, later each time, and at last into the dead-letter queue.
 */
export async function consume(batch: MessageBatch<JobMessage>, env: Env, others: GatewayJobs): Promise<void> {
  const jobs: Jobs = { ...JOBS, ...others };
  for (const message of batch.messages) {
    try {
      await run(message.body, env, { messageId: message.id, attempt: message.attempts }, jobs);
      message.ack();
    } catch (error) {
      report(batch.queue, message, error);
      message.retry({ delaySeconds: Math.min(FIRST_DELAY_SECONDS * 2 ** (message.attempts - 1), MAX_DELAY_SECONDS) });
    }
  }
}

/** A kind that this version does not know may be known to the next: it is not dropped. */
async function run(body: JobMessage, env: Env, delivery: Delivery, jobs: Jobs): Promise<void> {
  const kind: unknown = (body as { kind?: unknown } | undefined)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(jobs, kind)) throw new Error(`no job of kind ${String(kind)}`);
  const job = jobs[body.kind] as Job<JobMessage>;
  await job(body, env, delivery);
}

function report(queue: string, { id, attempts, body }: Message<JobMessage>, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(JSON.stringify({ queue, message: id, attempts, body, error: text }));
}
