import type { LogsOperation } from "./call.ts";
import { filterLogEvents } from "./filter-log-events.ts";
import { getLogEvents } from "./get-log-events.ts";
import { createLogGroup, deleteLogGroup, deleteRetentionPolicy, describeLogGroups, putLogGroupDeletionProtection, putRetentionPolicy } from "./groups.ts";
import { putLogEvents } from "./put-log-events.ts";
import { createLogStream, deleteLogStream, describeLogStreams } from "./streams.ts";
import { listTagsForResource, listTagsLogGroup, tagLogGroup, tagResource, untagLogGroup, untagResource } from "./tags.ts";
import { unsupportedLogsOperations } from "./unsupported.ts";

/** The operations of CloudWatch Logs that are served. */
export const servedLogsOperations: readonly LogsOperation[] = [
  { name: "CreateLogGroup", access: "logs:CreateLogGroup", handle: createLogGroup },
  { name: "DeleteLogGroup", access: "logs:DeleteLogGroup", handle: deleteLogGroup },
  { name: "DescribeLogGroups", access: "logs:DescribeLogGroups", handle: describeLogGroups },
  { name: "PutLogGroupDeletionProtection", access: "logs:PutLogGroupDeletionProtection", handle: putLogGroupDeletionProtection },
  { name: "PutRetentionPolicy", access: "logs:PutRetentionPolicy", handle: putRetentionPolicy },
  { name: "DeleteRetentionPolicy", access: "logs:DeleteRetentionPolicy", handle: deleteRetentionPolicy },
  { name: "CreateLogStream", access: "logs:CreateLogStream", handle: createLogStream },
  { name: "DeleteLogStream", access: "logs:DeleteLogStream", handle: deleteLogStream },
  { name: "DescribeLogStreams", access: "logs:DescribeLogStreams", handle: describeLogStreams },
  { name: "PutLogEvents", access: "logs:PutLogEvents", handle: putLogEvents },
  { name: "GetLogEvents", access: "logs:GetLogEvents", handle: getLogEvents },
  { name: "FilterLogEvents", access: "logs:FilterLogEvents", handle: filterLogEvents },
  { name: "TagResource", access: "logs:TagResource", handle: tagResource },
  { name: "UntagResource", access: "logs:UntagResource", handle: untagResource },
  { name: "ListTagsForResource", access: "logs:ListTagsForResource", handle: listTagsForResource },
  { name: "TagLogGroup", access: "logs:TagLogGroup", handle: tagLogGroup },
  { name: "UntagLogGroup", access: "logs:UntagLogGroup", handle: untagLogGroup },
  { name: "ListTagsLogGroup", access: "logs:ListTagsLogGroup", handle: listTagsLogGroup },
];

/** THE table: who may call an operation, and what runs. */
export const logsOperations: readonly LogsOperation[] = [...servedLogsOperations, ...unsupportedLogsOperations];

const byName = new Map(logsOperations.map((operation) => [operation.name, operation]));

/** By the name that `X-Amz-Target` has after `Logs_20140328.`. */
export function findLogsOperation(name: string): LogsOperation | undefined {
  return byName.get(name);
}
