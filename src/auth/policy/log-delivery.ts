import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { LOG_DELIVERY } from "./acl.ts";
import { aclsCount } from "./bucket-documents.ts";
import { judgeDelivery } from "./service-delivery.ts";

/**
 * Whether S3 may write access logs of a bucket into another ("Permissions for log delivery"): the target's policy
 * lets `logging.s3.amazonaws.com` put objects there, or its ACL lets the log delivery group, where ACLs count.
 */
export function mayDeliverLogs(
  target: BucketConfig,
  prefix: string,
  source: Pick<BucketConfig, "name" | "accountId">,
): boolean {
  const decision = judgeDelivery(target, { ...source, service: "logging.s3.amazonaws.com", key: prefix });
  if (decision === "denied") return false;
  return decision === "allowed" || isGranted(target);
}

function isGranted(target: BucketConfig): boolean {
  if (!aclsCount(target)) return false;
  const granted = target.documents?.acl?.grants
    .filter(({ grantee }) => grantee.kind === "group" && grantee.uri === LOG_DELIVERY)
    .map(({ permission }) => permission);
  return granted?.includes("FULL_CONTROL") || (granted?.includes("WRITE") && granted.includes("READ_ACP")) || false;
}
