import { V7Generator } from "uuidv7";

/** A blob id as it would have been minted `hours` ago. */
export function mintOldBlob(bucketId: string, shard: number, hours: number): string {
  const uuid = new V7Generator().generateOrResetCore(Date.now() - hours * 3600_000, 10_000);
  return `${bucketId}/${shard}/${uuid.toString()}`;
}
