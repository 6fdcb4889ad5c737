import {
  HeadObjectCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  type ReplicationRule,
  type S3Client,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect } from "vitest";
import { makeBucket } from "./s3-requests.ts";
import type { Verge } from "./server.ts";

/** From the answer to a change until its replica is there. */
export const SOON = { timeout: 15_000, interval: 25 };

/** ARN of a role that there is not in the account of `verge`: it may do what the account may. */
export async function nameRole({ endpoint, region, accessKeyId, secretAccessKey }: Verge): Promise<string> {
  const sts = new STSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  const { Account } = await sts.send(new GetCallerIdentityCommand({}));
  sts.destroy();
  return `arn:aws:iam::${Account}:role/replicator`;
}

/** A new bucket with versioning. */
export async function makeVersioned(s3: S3Client, options: Parameters<typeof makeBucket>[1] = {}): Promise<string> {
  const Bucket = await makeBucket(s3, options);
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  return Bucket;
}

/** A rule for everything, with delete markers. */
export function ruleTo(bucket: string, rest: Partial<ReplicationRule> = {}): ReplicationRule {
  return {
    ID: `to-${bucket}`,
    Status: "Enabled",
    Priority: 1,
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Enabled" },
    ...rest,
    Destination: { Bucket: `arn:aws:s3:::${bucket}`, ...rest.Destination },
  };
}

/** Replaces the bucket's rules. */
export async function replicate(
  s3: S3Client,
  Role: string,
  Bucket: string,
  Rules: readonly ReplicationRule[],
): Promise<void> {
  await s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration: { Role, Rules: [...Rules] } }));
}

/** The word on a version's replication, once it is that. */
export async function waitForStatus(
  s3: S3Client,
  Bucket: string,
  Key: string,
  status: string,
  VersionId?: string,
): Promise<void> {
  const read = async () => {
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ...(VersionId && { VersionId }) }));
    return head.ReplicationStatus as string | undefined;
  };
  await expect.poll(read, SOON).toBe(status);
}
