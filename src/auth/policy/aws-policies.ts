import type { NamedDocument } from "../../metadata/iam/protocol.ts";

const ALL = "*";
const PREFIX = "arn:aws:iam::aws:policy";

/**
 * The policies of AWS that a deployment knows, as far as their actions mean something here. Others cannot be attached.
 */
const DOCUMENTS: Readonly<Record<string, object>> = {
  AdministratorAccess: allow(ALL),
  PowerUserAccess: {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: ALL },
      { Effect: "Allow", Action: ["iam:ListRoles", "account:GetAccountInformation"], Resource: ALL },
    ],
  },
  ReadOnlyAccess: allow(
    "cloudfront:Describe*",
    "cloudfront:Get*",
    "cloudfront:List*",
    "cloudtrail:Describe*",
    "cloudtrail:Get*",
    "cloudtrail:List*",
    "cloudtrail:LookupEvents",
    "iam:Generate*",
    "iam:Get*",
    "iam:List*",
    "iam:Simulate*",
    "kms:Describe*",
    "kms:Get*",
    "kms:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "logs:FilterLogEvents",
    "logs:Get*",
    "logs:List*",
    "s3:Describe*",
    "s3:Get*",
    "s3:List*",
    "scheduler:Get*",
    "scheduler:List*",
    "sqs:Get*",
    "sqs:List*",
    "sts:GetAccessKeyInfo",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
  ),
  AmazonS3FullAccess: allow("s3:*", "s3-object-lambda:*"),
  AmazonS3ReadOnlyAccess: allow(
    "s3:Get*",
    "s3:List*",
    "s3:Describe*",
    "s3-object-lambda:Get*",
    "s3-object-lambda:List*",
  ),
  AWSLambda_FullAccess: {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy"],
        Resource: ALL,
      },
      {
        Effect: "Allow",
        Action: ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoles", "lambda:*"],
        Resource: ALL,
      },
      { Effect: "Allow", Action: ["logs:DescribeLogGroups"], Resource: ALL },
      {
        Effect: "Allow",
        Action: "iam:PassRole",
        Resource: ALL,
        Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } },
      },
      {
        Effect: "Allow",
        Action: ["logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"],
        Resource: "arn:aws:logs:*:*:log-group:/aws/lambda/*",
      },
    ],
  },
  AWSLambdaBasicExecutionRole: allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
  AWSLambdaSQSQueueExecutionRole: allow(
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
  ),
  AmazonSQSFullAccess: allow("sqs:*"),
  AmazonSQSReadOnlyAccess: allow(
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListDeadLetterSourceQueues",
    "sqs:ListQueues",
  ),
  CloudFrontReadOnlyAccess: allow(
    "cloudfront:Describe*",
    "cloudfront:Get*",
    "cloudfront:List*",
    "iam:ListServerCertificates",
  ),
  IAMFullAccess: allow("iam:*", "organizations:DescribeAccount"),
  IAMReadOnlyAccess: allow(
    "iam:GenerateCredentialReport",
    "iam:Get*",
    "iam:List*",
    "iam:SimulateCustomPolicy",
    "iam:SimulatePrincipalPolicy",
  ),
};
const PATHS: Readonly<Record<string, string>> = {
  AWSLambdaBasicExecutionRole: "/service-role/",
  AWSLambdaSQSQueueExecutionRole: "/service-role/",
};

export interface AwsPolicy extends NamedDocument {
  /** Its ARN is the name that decisions give it. */
  readonly policyName: string;
  readonly path: string;
}

/** In the order of their names. */
export const awsPolicies: readonly AwsPolicy[] = Object.keys(DOCUMENTS)
  .toSorted()
  .map((policyName) => {
    const path = PATHS[policyName] ?? "/";
    const document = JSON.stringify(DOCUMENTS[policyName], null, 2);
    return { policyName, path, name: `${PREFIX}${path}${policyName}`, document };
  });

const byArn = new Map(awsPolicies.map((policy) => [policy.name, policy]));

export function findAwsPolicy(arn: string): AwsPolicy | undefined {
  return byArn.get(arn);
}

function allow(...actions: readonly string[]): object {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: actions, Resource: ALL }] };
}
