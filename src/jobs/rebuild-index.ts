import type { Env } from "../env.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { RebuildProgress } from "../metadata/registry/protocol.ts";
import type { Delivery, RebuildIndexMessage } from "./messages.ts";
import { openIndex, restoreJournal, restoreNewerBlobs } from "./restore-steps.ts";

/** Then the rebuild is given up until somebody begins it again; the next attempts would take hours. */
const MAX_ATTEMPTS = 5;

/**
 * Carries out one step of the rebuild of an index object, and sends the message for the next: open the index
 * for restored rows, apply the journal's segments in order, add the blobs that are newer, put the index into
 * service. Progress is kept in the Registry (src/metadata/registry/rebuilds.ts); here is nothing between steps.
 */
export async function rebuildIndex(message: RebuildIndexMessage, env: Env, { attempt }: Delivery): Promise<void> {
  const { bucketId, shard, step } = message;
  const claim = await askRegistry(env, (registry) => registry.claimRebuildStep(bucketId, shard, step));
  // Delivered twice: whoever has the step, or had it, sends what follows. The schedule looks after one that died.
  if (claim.outcome !== "ok") return;
  const progress = await takeStep(message, claim.progress, env, attempt);
  const finished = progress.state === "done" || progress.state === "in-service" || progress.state === "failed";
  const record = {
    bucketId,
    shard,
    step,
    finished,
    progress: finished ? { ...progress, finishedAt: Date.now() } : progress,
  };
  const noted = await askRegistry(env, (registry) => registry.endRebuildStep(record));
  if (noted && !finished) await env.BACKGROUND.send({ ...message, step: step + 1 });
}

/** A step that fails leaves the lease, so that its next attempt can have it; the last attempt says what was wrong. */
async function takeStep(
  message: RebuildIndexMessage,
  progress: RebuildProgress,
  env: Env,
  attempt: number,
): Promise<RebuildProgress> {
  const { bucketId, shard, step } = message;
  try {
    if (progress.state === "waiting") return await openIndex(env, { bucketId, shard }, progress);
    if (progress.state === "journal") return await restoreJournal(env, { bucketId, shard }, progress);
    return await restoreNewerBlobs(env, { bucketId, shard }, progress);
  } catch (error) {
    if (attempt >= MAX_ATTEMPTS) return { ...progress, state: "failed", complaint: String(error) };
    await askRegistry(env, (registry) => registry.releaseRebuildStep(bucketId, shard, step));
    throw error;
  }
}
