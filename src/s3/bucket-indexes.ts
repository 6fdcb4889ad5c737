import type { ChangeConfigCall, ConfigOutcome } from "../metadata/bucket/config.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import type { SealOutcome } from "../metadata/bucket/upkeep.ts";
import type { S3Call } from "./call.ts";
import { s3Error } from "./errors.ts";
import { askAgain } from "../metadata/ask-again.ts";

/** The life of an index object, as CreateBucket and DeleteBucket drive it. Each step may be repeated. */
interface IndexLife {
  /** False when the object has served its life already. */
  create(config: BucketConfig, shard: number): Promise<boolean>;
  changeConfig(call: ChangeConfigCall): Promise<ConfigOutcome>;
  seal(): Promise<SealOutcome>;
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

/** Begins every index object of a new bucket. */
export async function createIndexes(env: LifeEnv, config: BucketConfig): Promise<void> {
  const created = await forEachShard(config, 0, (shard) =>
    invoke(env, config, shard, (index) => index.create(config, shard)),
  );
  if (created.includes(false)) throw s3Error("OperationAborted");
}

/** The first change of a new bucket's configuration; made by an earlier attempt already, it stays as it is. */
export async function configureIndexes(env: LifeEnv, config: BucketConfig): Promise<void> {
  const call = { revision: config.revision - 1, config };
  const { outcome } = await invoke(env, config, 0, (index) => index.changeConfig(call));
  if (outcome !== "ok" && outcome !== "stale") throw s3Error("OperationAborted");
}

/**
 * Ends every index object of a bucket, or none: all are sealed, found empty, and then the first one decides
 * (consistency rule 16). A crash before the decision lets the seals run out; after it, a repetition goes on.
 * `announce` is called before the decision, so that what a crash interrupts is found again. "undecided": the
 * bucket goes on, because a seal ran out. "lost": an index object is not there, and waits for its rebuild.
 */
export async function deleteIndexes(
  env: LifeEnv,
  set: IndexSet,
  announce: () => Promise<unknown>,
): Promise<"deleted" | "not-empty" | "undecided" | "lost"> {
  const seals = await forEachShard(set, 0, (shard) => invoke(env, set, shard, (index) => index.seal()));
  // Gone: an earlier deletion was decided and interrupted.
  const decided = seals[0] === "gone";
  if (!decided && (seals.includes("not-empty") || seals.includes("unknown"))) {
    await reopen(env, set);
    return seals.includes("unknown") ? "lost" : "not-empty";
  }
  if (!decided) await announce();
  if (!decided && !(await invoke(env, set, 0, (index) => index.commitDelete()))) {
    if ((await reopen(env, set)) === "open") return "undecided";
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

/** Ends the index objects, as far as there are any, of a creation that was never finished: nobody can have written. */
export async function endUnfinished(env: LifeEnv, set: IndexSet): Promise<void> {
  await forEachShard(set, 0, async (shard) => {
    if ((await invoke(env, set, shard, (index) => index.seal())) !== "sealed") return;
    await invoke(env, set, shard, (index) => index.commitDelete());
  });
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
async function reopen(env: LifeEnv, set: IndexSet): Promise<"open" | "deleted"> {
  const decision = await invoke(env, set, 0, (index) => index.settleSeal());
  if (decision === "open") await forEachShard(set, 1, (shard) => invoke(env, set, shard, (index) => index.unseal()));
  return decision;
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
  return askAgain(
    () => step(indexStub(env, set.bucketId, shard)),
    () => s3Error("SlowDown"),
  );
}
