/**
 * Work on the `BACKGROUND` queue. Plain values, since a message may wait in the queue while another version
 * is deployed: fields are only ever added. Each kind may come twice, and may be lost when a machine dies:
 * what must happen is found again by the schedule.
 */
export type JobMessage = SweepOrphansMessage | SettleBucketMessage | RebuildIndexMessage | WriteInventoryMessage;

/** One page of an index object's blobs; the next message carries the cursor, or names the next shard. */
export interface SweepOrphansMessage {
  readonly kind: "sweep-orphans";
  readonly bucketId: string;
  readonly shards: number;
  readonly shard: number;
  readonly cursor?: string;
  /** The bucket was deleted: nothing is left of it after this sweep. */
  readonly deleted: boolean;
}

/** A bucket that a crash left half created or half deleted. */
export interface SettleBucketMessage {
  readonly kind: "settle-bucket";
  readonly name: string;
  readonly bucketId: string;
  readonly shards: number;
  readonly state: "creating" | "deleting";
}

/** A step of rebuilding an index object; how far it is stands in the Registry. */
export interface RebuildIndexMessage {
  readonly kind: "rebuild-index";
  readonly bucketId: string;
  readonly shard: number;
  readonly step: number;
}

/** A step of an inventory report; how far it is stands in the bucket's first index object. */
export interface WriteInventoryMessage {
  readonly kind: "write-inventory";
  readonly bucketId: string;
  /** Of the configuration. */
  readonly id: string;
  readonly step: number;
}

/** Which delivery of a message it is: its id stays the same when it comes again. */
export interface Delivery {
  readonly messageId: string;
  /** From 1 on. */
  readonly attempt: number;
}
