/** Work on the `BACKGROUND` queue. Plain values; fields are only ever added. */
export type JobMessage = {
  /** Rebuild an index object from its exported journal and the blobs newer than it. */
  readonly kind: "rebuild-index";
  readonly bucketId: string;
  readonly shard: number;
};
