import type { Env } from "../env.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import type { NewerBlob, SweepOutcome, SweptBlob } from "../metadata/bucket/upkeep.ts";

/** What jobs ask of an index object. */
export interface IndexUpkeep {
  readConfig(): Promise<BucketConfig | undefined>;
  sweepBlobs(blobs: readonly SweptBlob[]): Promise<SweepOutcome>;
  /** False where the index is in service. */
  beginRestore(config: BucketConfig, shard: number): Promise<boolean>;
  restoreLines(lines: readonly string[]): Promise<void>;
  /** Answers how many blobs became objects or parts. */
  restoreBlobs(blobs: readonly NewerBlob[]): Promise<number>;
  finishRestore(): Promise<void>;
}

export function indexUpkeep(env: Pick<Env, "BUCKET_INDEX">, bucketId: string, shard: number): IndexUpkeep {
  return indexStub(env, bucketId, shard);
}
