import type { QueueAddress } from "../metadata/queue/protocol.ts";
import { formatQueueArn } from "../metadata/queue/settings.ts";
import { openQueue } from "./access.ts";
import { requireText, type SqsCall, type SqsResult } from "./call.ts";
import { missingParameter, queueDoesNotExist, sqsError } from "./errors.ts";

interface Policy {
  Version: string;
  Id?: string;
  Statement: { Sid?: string; [member: string]: unknown }[];
}

/** Those that AddPermission can give. */
const ACTIONS: ReadonlySet<string> = new Set([
  "*",
  "SendMessage",
  "ReceiveMessage",
  "DeleteMessage",
  "ChangeMessageVisibility",
  "GetQueueAttributes",
  "GetQueueUrl",
]);
const ACCOUNT_ID = /^\d{12}$/;
const LABEL = /^[A-Za-z0-9_-]{1,80}$/;

/** AddPermission: a statement of the queue's policy. */
export async function addPermission(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const label = readLabel(call);
  const accounts = call.input.textList("AWSAccountIds") ?? [];
  const actions = call.input.textList("Actions") ?? [];
  if (accounts.length === 0) throw missingParameter("AWSAccountIds");
  if (actions.length === 0) throw missingParameter("Actions");
  const unknown = actions.find((action) => !ACTIONS.has(action));
  if (unknown !== undefined) {
    throw sqsError(
      "InvalidParameterValue",
      `Value SQS:${unknown} for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.`,
    );
  }
  const stranger = accounts.find((id) => !ACCOUNT_ID.test(id));
  if (stranger !== undefined) {
    throw sqsError(
      "InvalidParameterValue",
      `Value ${stranger} for parameter PrincipalId is invalid. Reason: Unable to verify.`,
    );
  }
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  const policy = readPolicy(record.attributes["Policy"], address, call.region);
  if (policy.Statement.some(({ Sid }) => Sid === label)) {
    throw sqsError("InvalidParameterValue", `Value ${label} for parameter Label is invalid. Reason: Already exists.`);
  }
  policy.Statement.push({
    Sid: label,
    Effect: "Allow",
    Principal: { AWS: accounts.map((id) => `arn:aws:iam::${id}:root`) },
    Action: actions.map((action) => `SQS:${action}`),
    Resource: formatQueueArn(call.region, address),
  });
  if (!(await queue.setAttributes({ Policy: JSON.stringify(policy) }))) throw queueDoesNotExist();
  call.policyChanged(address);
  return {};
}

/** RemovePermission. */
export async function removePermission(call: SqsCall): Promise<SqsResult> {
  const { address, queue } = openQueue(call);
  const label = readLabel(call);
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  const policy = readPolicy(record.attributes["Policy"], address, call.region);
  const kept = policy.Statement.filter(({ Sid }) => Sid !== label);
  if (kept.length === policy.Statement.length) {
    throw sqsError(
      "InvalidParameterValue",
      `Value ${label} for parameter Label is invalid. Reason: can't find label on existing policy.`,
    );
  }
  const Policy = kept.length === 0 ? "" : JSON.stringify({ ...policy, Statement: kept });
  if (!(await queue.setAttributes({ Policy }))) throw queueDoesNotExist();
  call.policyChanged(address);
  return {};
}

function readPolicy(text: string | undefined, address: QueueAddress, region: string): Policy {
  if (text === undefined) {
    return { Version: "2008-10-17", Id: `${formatQueueArn(region, address)}/SQSDefaultPolicy`, Statement: [] };
  }
  const policy = JSON.parse(text) as Policy;
  const { Statement } = policy;
  return { ...policy, Statement: Array.isArray(Statement) ? Statement : [Statement] };
}

function readLabel({ input }: SqsCall): string {
  const label = requireText(input, "Label");
  if (LABEL.test(label)) return label;
  throw sqsError(
    "InvalidParameterValue",
    `Value ${label} for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.`,
  );
}
