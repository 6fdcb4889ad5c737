import type { Operation } from "../lib/operation.ts";
import { element, type XmlElement } from "../lib/xml.ts";
import type { S3Call, S3Result } from "./call.ts";
import { s3Error, type S3ErrorCode } from "./errors.ts";

type Row = Operation<S3Call, S3Result>;
type Handler = Row["handle"];

const BUCKET = "/{Bucket}";

/**
 * Reads of configuration that cannot be written yet. Their answer is known all the same: what S3 says of a
 * bucket for which nothing was configured. Terraform and others read every one of them back and stop at
 * a 501.
 */
export const subResourceDefaults: readonly Row[] = [
  read(
    "GetBucketAbac",
    BUCKET,
    "abac",
    "s3:GetBucketAbac",
    always(element("AbacStatus", element("Status", "Disabled"))),
  ),
  read(
    "GetBucketAccelerateConfiguration",
    BUCKET,
    "accelerate",
    "s3:GetAccelerateConfiguration",
    always(element("AccelerateConfiguration")),
  ),
  read("GetBucketLogging", BUCKET, "logging", "s3:GetBucketLogging", always(element("BucketLoggingStatus"))),
  read(
    "GetBucketReplication",
    BUCKET,
    "replication",
    "s3:GetReplicationConfiguration",
    missing("ReplicationConfigurationNotFoundError"),
  ),
  read(
    "GetBucketRequestPayment",
    BUCKET,
    "requestPayment",
    "s3:GetBucketRequestPayment",
    always(defaultRequestPayment()),
  ),

  ...numberedConfigurations("analytics", "Analytics", "ListBucketAnalyticsConfigurationResult"),
  ...numberedConfigurations(
    "intelligent-tiering",
    "IntelligentTiering",
    "ListBucketIntelligentTieringConfigurationsOutput",
  ),
  ...numberedConfigurations("inventory", "Inventory", "ListInventoryConfigurationsResult"),
  ...numberedConfigurations("metrics", "Metrics", "ListMetricsConfigurationsResult"),
];

function read(name: string, path: string, subResource: string, access: string, handle: Handler): Row {
  return { name, method: "GET", path, query: { [subResource]: true }, access, handle };
}

/** Configurations of which a bucket has several, told apart by `id`: none exists. */
function numberedConfigurations(subResource: string, kind: string, resultName: string): Row[] {
  const common = { method: "GET", path: BUCKET, access: `s3:Get${kind}Configuration` } as const;
  return [
    {
      ...common,
      name: `GetBucket${kind}Configuration`,
      query: { [subResource]: true, id: true },
      handle: missing("NoSuchConfiguration"),
    },
    {
      ...common,
      name: `ListBucket${kind}Configurations`,
      query: { [subResource]: true },
      handle: always(element(resultName, element("IsTruncated", false))),
    },
  ];
}

function always(xml: XmlElement): Handler {
  return async () => ({ xml });
}

function missing(code: S3ErrorCode): Handler {
  return async (call) => {
    throw s3Error(code, { detail: { BucketName: call.bucketName } });
  };
}

function defaultRequestPayment(): XmlElement {
  return element("RequestPaymentConfiguration", element("Payer", "BucketOwner"));
}
