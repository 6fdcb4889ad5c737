import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient, type SQSClientConfig } from "@aws-sdk/client-sqs";
import type { Verge } from "../../support/server.ts";

/** The official SDK as root of `verge`, without retries. */
export function createSqsClient(verge: Verge, config: SQSClientConfig = {}): SQSClient {
  const { endpoint, region, accessKeyId, secretAccessKey } = verge;
  return new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1, ...config });
}

let created = 0;

/** A fresh queue; answers its URL. */
export async function createQueue(sqs: SQSClient, Attributes: Record<string, string> = {}): Promise<string> {
  const suffix = Attributes["FifoQueue"] === "true" ? ".fifo" : "";
  const QueueName = `queue-${++created}${suffix}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl!;
}

export async function readQueueArn(sqs: SQSClient, QueueUrl: string): Promise<string> {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
  return Attributes!.QueueArn!;
}
