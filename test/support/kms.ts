import { KMSClient, type KMSClientConfig } from "@aws-sdk/client-kms";
import type { Verge } from "./server.ts";

/** The official SDK as root of `verge`, without retries, so that the first answer is the one a test sees. */
export function createKmsClient(verge: Verge, config: KMSClientConfig = {}): KMSClient {
  return new KMSClient({
    endpoint: verge.endpoint,
    region: verge.region,
    credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey },
    maxAttempts: 1,
    ...config,
  });
}

/** The name of the error that a call ends with. */
export function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "nothing was refused",
    (error: Error) => error.name,
  );
}
