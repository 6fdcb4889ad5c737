import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";

/** The life of an index object, as CreateBucket and DeleteBucket drive it. Each step may be repeated. */
interface IndexLife {
  /** False when the object has served its life already. */
  create(config: BucketConfig, shard: number): Promise<boolean>;
  seal(): Promise<"sealed" | "not-empty" | "gone">;
  commitDelete(): Promise<boolean>;
  unseal(): Promise<void>;
  /** On the first shard: gives a deletion up that is not decided yet. */
  settleSeal(): Promise<"open" | "deleted">;
}

/** What names the index objects of a bucket. */
export interface IndexSet {
  readonly bucketId: string;
  readonly shards: number;
}

type LifeEnv = Pick<S3Call["env"], "BUCKET_INDEX">;

const MAX_ATTEMPTS = 3;

/** Begins every index object of a new bucket. */
export async function createIndexes(env: LifeEnv, config: BucketConfig): Promise<void> {
  const created = await forEachShard(config, 0, (shard) =>
    invoke(env, config, shard, (index) => index.create(config, shard)),
  );
  if (created.includes(false)) throw s3Error("OperationAborted");
}

/**
 * Ends every index object of a bucket, or none: all are sealed, found empty, and then the first one decides
 * (consistency rule 16). A crash before the decision lets the seals run out; after it, a repetition goes on.
 */
export async function deleteIndexes(env: LifeEnv, set: IndexSet): Promise<"deleted" | "not-empty"> {
  const seals = await forEachShard(set, 0, (shard) => invoke(env, set, shard, (index) => index.seal()));
  // Gone: an earlier deletion was decided and interrupted.
  const decided = seals[0] === "gone";
  if (!decided && seals.includes("not-empty")) {
    await reopen(env, set);
    return "not-empty";
  }
  if (!decided && !(await invoke(env, set, 0, (index) => index.commitDelete()))) {
    await reopen(env, set);
    throw s3Error("OperationAborted");
  }
  await finishDeletion(env, set);
  return "deleted";
}

/** Stops a deletion that is under way, unless it was decided: then finishes it. */
export async function settleDeletion(env: LifeEnv, set: IndexSet): Promise<"open" | "deleted"> {
  const decision = await invoke(env, set, 0, (index) => index.settleSeal());
  if (decision === "deleted") await finishDeletion(env, set);
  return decision;
}

async function finishDeletion(env: LifeEnv, set: IndexSet): Promise<void> {
  await forEachShard(set, 1, async (shard) => {
    if (await invoke(env, set, shard, (index) => index.commitDelete())) return;
    // Its seal ran out or was taken back by another request; nothing can have been written since the decision.
    await invoke(env, set, shard, (index) => index.seal());
    await invoke(env, set, shard, (index) => index.commitDelete());
  });
}

/** Asks the first shard before the others: another request may have decided the deletion meanwhile. */
async function reopen(env: LifeEnv, set: IndexSet): Promise<void> {
  if ((await invoke(env, set, 0, (index) => index.settleSeal())) === "deleted") return;
  await forEachShard(set, 1, (shard) => invoke(env, set, shard, (index) => index.unseal()));
}

function forEachShard<Answer>(
  set: IndexSet,
  first: number,
  work: (shard: number) => Promise<Answer>,
): Promise<Answer[]> {
  return Promise.all(Array.from({ length: set.shards - first }, (_, position) => work(first + position)));
}

async function invoke<Answer>(
  env: LifeEnv,
  set: IndexSet,
  shard: number,
  step: (index: IndexLife) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step(indexStub(env, set.bucketId, shard));
    } catch (error) {
      const flags = error as { retryable?: boolean; overloaded?: boolean };
      if (flags?.overloaded) throw s3Error("SlowDown");
      if (!flags?.retryable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
