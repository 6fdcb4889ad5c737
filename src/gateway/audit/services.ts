import { s3Operations } from "../../s3/operations.ts";
import type { Address } from "../address.ts";

/** How a service appears in the audit trail. */
export interface AuditedService {
  /** `s3.amazonaws.com` */
  readonly source: string;
  /** Whether it is about what is stored rather than how: recorded where it was denied alone. */
  isData(operation: string): boolean;
  isReadOnly(operation: string): boolean;
  /** Where it differs from the name of the operation. */
  readonly names?: Readonly<Record<string, string>>;
  /** Types of what parameters name, by the parameter. */
  readonly resources: Readonly<Record<string, string>>;
  /** Served in one Region for the whole world. */
  readonly global?: true;
}

type ServiceName = Address["service"];

const READS = /^(Describe|Filter|Get|Head|List|Lookup|Search|Simulate|Test)/;
const READS_OF_STS = /^(AssumeRole|Decode|Get)/;
/** Nothing of the account's is changed by them (KMS Developer Guide, "Logging AWS KMS API calls"). */
const READS_OF_KMS = /^(Decrypt|Describe|Encrypt|Generate|Get|List|ReEncrypt)/;
const DATA_OF_SQS = /^(ChangeMessageVisibility|DeleteMessage|ReceiveMessage|SendMessage)/;
const DATA_OF_LOGS: ReadonlySet<string> = new Set(["FilterLogEvents", "GetLogEvents", "PutLogEvents"]);

/** Object-level actions (S3 User Guide, "Amazon S3 CloudTrail events"): all with a key, and these of buckets. */
const DATA_OF_S3: ReadonlySet<string> = new Set([
  "DeleteObjects",
  "HeadBucket",
  "ListMultipartUploads",
  "ListObjects",
  "ListObjectsV2",
  "ListObjectVersions",
  "PostObject",
  "Website",
  ...s3Operations.filter(({ path }) => path.includes("{Key+}")).map(({ name }) => name),
]);

/** Names in the trail of what S3's API calls otherwise. */
const NAMES_OF_S3: Readonly<Record<string, string>> = {
  DeletePublicAccessBlock: "DeleteBucketPublicAccessBlock",
  GetBucketLifecycleConfiguration: "GetBucketLifecycle",
  GetBucketNotificationConfiguration: "GetBucketNotification",
  GetObjectLockConfiguration: "GetBucketObjectLockConfiguration",
  GetPublicAccessBlock: "GetBucketPublicAccessBlock",
  ListObjectsV2: "ListObjects",
  PutBucketLifecycleConfiguration: "PutBucketLifecycle",
  PutBucketNotificationConfiguration: "PutBucketNotification",
  PutObjectLockConfiguration: "PutBucketObjectLockConfiguration",
  PutPublicAccessBlock: "PutBucketPublicAccessBlock",
  Website: "GetObject",
};

const never = () => false;
const isRead = (operation: string) => READS.test(operation);

const S3: AuditedService = {
  source: "s3.amazonaws.com",
  isData: (operation) => DATA_OF_S3.has(operation),
  isReadOnly: (operation) => isRead(operation) || operation === "Website",
  names: NAMES_OF_S3,
  resources: { bucketName: "AWS::S3::Bucket" },
};

const LAMBDA: AuditedService = {
  source: "lambda.amazonaws.com",
  isData: (operation) => operation.startsWith("Invoke"),
  isReadOnly: isRead,
  resources: { functionName: "AWS::Lambda::Function", layerName: "AWS::Lambda::LayerVersion", role: "AWS::IAM::Role" },
};

const SERVICES: Readonly<Partial<Record<ServiceName, AuditedService>>> = {
  s3: S3,
  "s3-control": S3,
  website: S3,
  lambda: LAMBDA,
  "function-url": LAMBDA,
  cloudfront: {
    source: "cloudfront.amazonaws.com",
    isData: never,
    isReadOnly: isRead,
    resources: { distributionId: "AWS::CloudFront::Distribution" },
    global: true,
  },
  cloudtrail: { source: "cloudtrail.amazonaws.com", isData: never, isReadOnly: isRead, resources: {} },
  iam: {
    source: "iam.amazonaws.com",
    isData: never,
    isReadOnly: isRead,
    resources: {
      accessKeyId: "AWS::IAM::AccessKey",
      groupName: "AWS::IAM::Group",
      policyArn: "AWS::IAM::Policy",
      policyName: "AWS::IAM::Policy",
      roleName: "AWS::IAM::Role",
      userName: "AWS::IAM::User",
    },
    global: true,
  },
  kms: {
    source: "kms.amazonaws.com",
    isData: never,
    isReadOnly: (operation) => READS_OF_KMS.test(operation),
    resources: { aliasName: "AWS::KMS::Alias", keyId: "AWS::KMS::Key", targetKeyId: "AWS::KMS::Key" },
  },
  logs: {
    source: "logs.amazonaws.com",
    isData: (operation) => DATA_OF_LOGS.has(operation),
    isReadOnly: isRead,
    resources: { logGroupName: "AWS::Logs::LogGroup" },
  },
  scheduler: {
    source: "scheduler.amazonaws.com",
    isData: never,
    isReadOnly: isRead,
    resources: { groupName: "AWS::Scheduler::ScheduleGroup", name: "AWS::Scheduler::Schedule" },
  },
  sqs: {
    source: "sqs.amazonaws.com",
    isData: (operation) => DATA_OF_SQS.test(operation),
    isReadOnly: isRead,
    resources: { queueName: "AWS::SQS::Queue", queueUrl: "AWS::SQS::Queue" },
  },
  sts: {
    source: "sts.amazonaws.com",
    isData: never,
    isReadOnly: (operation) => READS_OF_STS.test(operation),
    resources: { roleArn: "AWS::IAM::Role" },
  },
};

/** Undefined for what is no API of AWS: viewers' requests to distributions, the deployment's own pages. */
export function findAuditedService(service: ServiceName): AuditedService | undefined {
  return SERVICES[service];
}

/** Whether it leaves a record whatever comes of it. */
export function isManagementCall(service: ServiceName, operation: string): boolean {
  const audited = SERVICES[service];
  return audited !== undefined && operation !== "" && !audited.isData(operation);
}
