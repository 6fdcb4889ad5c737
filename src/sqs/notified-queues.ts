import { isAllowedByDocument } from "../auth/policy/statements.ts";
import type { QueueAddress, QueueApi } from "../metadata/queue/protocol.ts";
import { formatQueueArn } from "../metadata/queue/settings.ts";

/** The bucket whose events a queue takes. */
interface NotifyingBucket {
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
}

/** Whether S3 may send the events of a bucket to a queue: there is one, of the standard kind, and its policy says so. */
export async function mayNotifyQueue(
  queue: QueueApi,
  address: QueueAddress,
  bucket: NotifyingBucket,
): Promise<boolean> {
  if (address.name.endsWith(".fifo")) return false;
  const record = await queue.find();
  return (
    record !== undefined &&
    isAllowedByDocument(record.attributes["Policy"], {
      principal: { kind: "service", service: "s3.amazonaws.com" },
      action: "sqs:SendMessage",
      resource: formatQueueArn(bucket.region, address),
      context: { "aws:sourcearn": `arn:aws:s3:::${bucket.name}`, "aws:sourceaccount": bucket.accountId },
    })
  );
}
