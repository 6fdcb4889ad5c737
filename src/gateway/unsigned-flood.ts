import { s3Error } from "../s3/errors.ts";
import type { S3Request } from "./s3.ts";

/**
 * Unsigned requests for buckets that this isolate does not know cost a look-up each: they are limited by
 * address before it, so that guessing names is cheap for us and slow for the guesser.
 */
export async function refuseUnsignedFlood({ incoming, env, deployment }: S3Request, bucket: string): Promise<void> {
  if (!env.UNSIGNED_MISSES || incoming.clientAddress === undefined || deployment.directory.knowsBucket(bucket)) return;
  const { success } = await env.UNSIGNED_MISSES.limit({ key: incoming.clientAddress });
  if (!success) throw s3Error("SlowDown");
}
