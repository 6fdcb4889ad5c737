import type { SqsOperation } from "./call.ts";
import * as moves from "./move-tasks.ts";
import * as permissions from "./permissions.ts";
import * as queues from "./queues.ts";
import * as receive from "./receive.ts";
import * as send from "./send.ts";
import { sqsError } from "./errors.ts";
import * as tags from "./tags.ts";

/** SQS, API of 2012-11-05, in both of its protocols. */
// oxfmt-ignore
export const sqsOperations: readonly SqsOperation[] = [
  { name: "AddPermission", access: "sqs:AddPermission", handle: permissions.addPermission },
  { name: "ChangeMessageVisibility", access: "sqs:ChangeMessageVisibility", handle: receive.changeMessageVisibility },
  { name: "ChangeMessageVisibilityBatch", access: "sqs:ChangeMessageVisibility", handle: receive.changeMessageVisibilityBatch },
  { name: "CreateQueue", access: "sqs:CreateQueue", handle: queues.createQueue },
  { name: "DeleteMessage", access: "sqs:DeleteMessage", handle: receive.deleteMessage },
  { name: "DeleteMessageBatch", access: "sqs:DeleteMessage", handle: receive.deleteMessageBatch },
  { name: "DeleteQueue", access: "sqs:DeleteQueue", handle: queues.deleteQueue },
  { name: "GetQueueAttributes", access: "sqs:GetQueueAttributes", handle: queues.getQueueAttributes },
  { name: "GetQueueUrl", access: "sqs:GetQueueUrl", handle: queues.getQueueUrl },
  { name: "ListDeadLetterSourceQueues", access: "sqs:ListDeadLetterSourceQueues", handle: queues.listDeadLetterSourceQueues },
  { name: "ListQueues", access: "sqs:ListQueues", handle: queues.listQueues },
  { name: "ListQueueTags", access: "sqs:ListQueueTags", handle: tags.listQueueTags },
  { name: "PurgeQueue", access: "sqs:PurgeQueue", handle: queues.purgeQueue },
  { name: "ReceiveMessage", access: "sqs:ReceiveMessage", handle: receive.receiveMessage },
  { name: "RemovePermission", access: "sqs:RemovePermission", handle: permissions.removePermission },
  { name: "SendMessage", access: "sqs:SendMessage", handle: send.sendMessage },
  { name: "SendMessageBatch", access: "sqs:SendMessage", handle: send.sendMessageBatch },
  { name: "SetQueueAttributes", access: "sqs:SetQueueAttributes", handle: queues.setQueueAttributes },
  { name: "TagQueue", access: "sqs:TagQueue", handle: tags.tagQueue },
  { name: "UntagQueue", access: "sqs:UntagQueue", handle: tags.untagQueue },
  { name: "CancelMessageMoveTask", access: "sqs:CancelMessageMoveTask", handle: moves.cancelMessageMoveTask },
  { name: "ListMessageMoveTasks", access: "sqs:ListMessageMoveTasks", handle: moves.listMessageMoveTasks },
  { name: "StartMessageMoveTask", access: "sqs:StartMessageMoveTask", handle: moves.startMessageMoveTask },
];

const byName = new Map(sqsOperations.map((operation) => [operation.name, operation]));

/** @throws ServiceError InvalidAction */
export function findSqsOperation(name: string): SqsOperation {
  const operation = byName.get(name);
  if (operation) return operation;
  throw sqsError("InvalidAction", `The action ${name} is not valid for this endpoint.`);
}
