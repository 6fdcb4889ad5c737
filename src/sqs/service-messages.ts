import { hashAttributes, hashBody } from "../metadata/queue/digests.ts";
import type { MessageAttributes, QueueApi } from "../metadata/queue/protocol.ts";
import { queueDoesNotExist } from "./errors.ts";

/** A message that a service of this deployment sends: an event of a bucket, the record of an invocation. */
export interface ServiceMessage {
  /** UUID: the same in every attempt. */
  readonly id: string;
  readonly body: string;
  readonly attributes?: MessageAttributes;
  readonly traceHeader?: string;
}

/** Who such messages say that they are from. */
const SENDER = "verge";

/** Sends messages, each once however often that is tried. @throws ServiceError QueueDoesNotExist */
export async function sendServiceMessage(queue: QueueApi, ...messages: readonly ServiceMessage[]): Promise<void> {
  const sentAt = Date.now();
  const taken = await queue.takeOver(
    messages.map(({ id, body, attributes, traceHeader }) => ({
      id,
      body,
      sentAt,
      details: {
        senderId: SENDER,
        md5OfBody: hashBody(body),
        ...(attributes && { attributes, md5OfAttributes: hashAttributes(attributes) }),
        ...(traceHeader !== undefined && { traceHeader }),
      },
    })),
  );
  if (!taken) throw queueDoesNotExist();
}
