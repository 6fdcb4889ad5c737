import { S3Client } from "@aws-sdk/client-s3";
import type { S3ClientConfig } from "@aws-sdk/client-s3";
import type { Verge } from "./server.ts";

/** The official SDK as root of `verge`: path style, no retries, so that the first answer is the one a test sees. */
export function createS3Client(verge: Verge, config: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: verge.endpoint,
    region: verge.region,
    credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}
