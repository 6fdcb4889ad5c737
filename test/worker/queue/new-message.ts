import type { NewMessage } from "../../../src/metadata/queue/protocol.ts";

/** A message as the Worker sends it; of a group for FIFO queues. */
export function newMessage(body: string, more: Partial<NewMessage> = {}, groupId?: string): NewMessage {
  return {
    id: crypto.randomUUID(),
    body,
    bytes: body.length,
    details: { senderId: "me", md5OfBody: "", ...(groupId !== undefined && { groupId, deduplicationId: body }) },
    ...more,
  };
}
