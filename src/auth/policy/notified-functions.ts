import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import type { FunctionArn } from "../../metadata/function/arn.ts";
import type { FunctionDirectory } from "../../metadata/function/directory.ts";
import { isAllowedByStatements } from "./statements.ts";

/** What must be known of a function, cached or not. */
export type FunctionLookup = Pick<FunctionDirectory, "findFunction" | "findPolicy">;

const LATEST = "$LATEST";

/**
 * Whether S3 may invoke a function with the events of a bucket: there is one, and the policy of what the ARN
 * names says so to `s3.amazonaws.com`, acting for that bucket and its owner.
 */
export async function mayNotifyFunction(
  lookup: FunctionLookup,
  bucket: Pick<BucketConfig, "name" | "accountId">,
  { region, accountId, name, qualifier }: FunctionArn,
): Promise<boolean> {
  const [found, policy] = await Promise.all([
    lookup.findFunction(accountId, name, qualifier ?? LATEST),
    lookup.findPolicy(accountId, name, qualifier ?? ""),
  ]);
  if (!found || !policy) return false;
  const arn = `arn:aws:lambda:${region}:${accountId}:function:${name}`;
  return isAllowedByStatements(policy.statements, {
    principal: { kind: "service", service: "s3.amazonaws.com" },
    action: "lambda:InvokeFunction",
    resource: qualifier === undefined ? arn : `${arn}:${qualifier}`,
    context: { "aws:sourcearn": `arn:aws:s3:::${bucket.name}`, "aws:sourceaccount": bucket.accountId },
  });
}
