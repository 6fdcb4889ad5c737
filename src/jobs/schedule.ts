import type { Env } from "../env.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { JobMessage } from "./messages.ts";

/** Beyond what any request takes. */
const UNSETTLED_MS = 60_000;
/** A minute's share: 28,800 buckets a day. */
const SWEEPS_A_MINUTE = 20;
const SETTLEMENTS_A_MINUTE = 100;

/** What the cron trigger starts, every minute: a few questions to the Registry, and messages for what is due. */
export async function runSchedule(_controller: ScheduledController, env: Env): Promise<void> {
  const tasks = [settleBuckets, sweepOrphans, resumeRebuilds];
  const outcomes = await Promise.allSettled(tasks.map((task) => task(env)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
}

/** Buckets that a crash left half created or half deleted. */
async function settleBuckets(env: Env): Promise<void> {
  const before = Date.now() - UNSETTLED_MS;
  const dropped = await askRegistry(env, (registry) => registry.dropReservations(before, SETTLEMENTS_A_MINUTE));
  const deleting = await askRegistry(env, (registry) => registry.listDeletions(before, SETTLEMENTS_A_MINUTE));
  await send(
    env,
    [...dropped, ...deleting].map(({ name, bucketId, shards, state }) => ({
      kind: "settle-bucket",
      name,
      bucketId,
      shards,
      state: state === "creating" ? "creating" : "deleting",
    })),
  );
}

async function sweepOrphans(env: Env): Promise<void> {
  const targets = await askRegistry(env, (registry) => registry.takeSweeps(SWEEPS_A_MINUTE));
  await send(
    env,
    targets.map((target) => ({ kind: "sweep-orphans", ...target, shard: 0 })),
  );
}

/** A message in flight is lost with the machine that had it. */
async function resumeRebuilds(env: Env): Promise<void> {
  const stalled = await askRegistry(env, (registry) => registry.listStalledRebuilds(SETTLEMENTS_A_MINUTE));
  await send(
    env,
    stalled.map(({ bucketId, shard, step }) => ({ kind: "rebuild-index", bucketId, shard, step })),
  );
}

async function send(env: Env, messages: readonly JobMessage[]): Promise<void> {
  if (messages.length > 0) await env.BACKGROUND.sendBatch(messages.map((body) => ({ body })));
}
