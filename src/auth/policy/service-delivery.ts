import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { bucketPolicyOf } from "./bucket-documents.ts";
import { covers } from "./evaluate.ts";

/** What a service puts into a bucket, and because of which other bucket. */
export interface ServiceDelivery {
  /** `s3.amazonaws.com` */
  readonly service: string;
  readonly key: string;
  /** Of the bucket that it is about, and of the account that owns that. */
  readonly name: string;
  readonly accountId: string;
  /** `x-amz-acl`, where the service sends one. */
  readonly acl?: string;
}

/** What a bucket's policy says of an object that a service of this deployment would put there. */
export function judgeDelivery(
  target: BucketConfig,
  { service, key, name, accountId, acl }: ServiceDelivery,
): "allowed" | "denied" | "not-mentioned" {
  const values: Readonly<Record<string, string | undefined>> = {
    "aws:sourcearn": `arn:aws:s3:::${name}`,
    "aws:sourceaccount": accountId,
    "aws:securetransport": "true",
    "aws:principalisawsservice": "true",
    "aws:principalservicename": service,
    "s3:x-amz-acl": acl,
  };
  const request = {
    caller: { kind: "service", service },
    action: "s3:PutObject",
    resource: `arn:aws:s3:::${target.name}/${key}`,
    context: (wanted: string) => {
      const value = values[wanted];
      return value === undefined ? undefined : [value];
    },
  } as const;
  const covering = bucketPolicyOf(target)?.statements.filter((statement) => covers(statement, request)) ?? [];
  if (covering.some(({ effect }) => effect === "Deny")) return "denied";
  return covering.length > 0 ? "allowed" : "not-mentioned";
}
