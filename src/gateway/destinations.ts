import { mayNotifyFunction } from "../auth/policy/notified-functions.ts";
import type { Env } from "../env.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { parseFunctionArn } from "../metadata/function/arn.ts";
import { uncachedFunctions } from "../metadata/function/client.ts";

type Check = (env: Env, destination: string, bucket: BucketConfig) => Promise<string | undefined>;

/** By the service in the ARN; how their events are delivered is in `jobs/deliver-notifications.ts`. */
const CHECKS: Readonly<Record<string, Check>> = { lambda: checkFunction };

/** What S3 says of a destination that would not take the bucket's events; undefined for one that does. */
export async function checkDestination(
  env: Env,
  destination: string,
  bucket: BucketConfig,
): Promise<string | undefined> {
  const check = CHECKS[destination.split(":")[2] ?? ""];
  return check ? check(env, destination, bucket) : "The destination service is not supported";
}

/** As it is now: the permission may have been given a moment ago, by another isolate. */
async function checkFunction(env: Env, destination: string, bucket: BucketConfig): Promise<string | undefined> {
  const target = parseFunctionArn(destination);
  if (target && (await mayNotifyFunction(uncachedFunctions(env), bucket, target))) return undefined;
  return `Not authorized to invoke function [${destination}]`;
}
