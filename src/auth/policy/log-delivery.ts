import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { LOG_DELIVERY } from "./acl.ts";
import { aclsCount, bucketPolicyOf } from "./bucket-documents.ts";
import { covers } from "./evaluate.ts";

const CALLER = { kind: "service", service: "logging.s3.amazonaws.com" } as const;

/**
 * Whether S3 may write access logs of a bucket into another ("Permissions for log delivery"): the target's policy
 * lets `logging.s3.amazonaws.com` put objects there, or its ACL lets the log delivery group, where ACLs count.
 */
export function mayDeliverLogs(
  target: BucketConfig,
  prefix: string,
  source: Pick<BucketConfig, "name" | "accountId">,
): boolean {
  const values: Readonly<Record<string, string>> = {
    "aws:sourcearn": `arn:aws:s3:::${source.name}`,
    "aws:sourceaccount": source.accountId,
    "aws:securetransport": "true",
    "aws:principalisawsservice": "true",
    "aws:principalservicename": CALLER.service,
  };
  const request = {
    caller: CALLER,
    action: "s3:PutObject",
    resource: `arn:aws:s3:::${target.name}/${prefix}`,
    context: (key: string) => (values[key] === undefined ? undefined : [values[key]]),
  };
  const covering = bucketPolicyOf(target)?.statements.filter((statement) => covers(statement, request)) ?? [];
  if (covering.some(({ effect }) => effect === "Deny")) return false;
  return covering.length > 0 || isGranted(target);
}

function isGranted(target: BucketConfig): boolean {
  if (!aclsCount(target)) return false;
  const granted = target.documents?.acl?.grants
    .filter(({ grantee }) => grantee.kind === "group" && grantee.uri === LOG_DELIVERY)
    .map(({ permission }) => permission);
  return granted?.includes("FULL_CONTROL") || (granted?.includes("WRITE") && granted.includes("READ_ACP")) || false;
}
