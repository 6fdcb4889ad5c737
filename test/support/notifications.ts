import { AddPermissionCommand, type LambdaClient } from "@aws-sdk/client-lambda";
import {
  type LambdaFunctionConfiguration,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";

/** Lets S3 invoke a function for a bucket, and answers the function's ARN. */
export async function allowBucket(lambda: LambdaClient, FunctionName: string, bucket: string): Promise<string> {
  const { Statement } = await lambda.send(
    new AddPermissionCommand({
      FunctionName,
      StatementId: `s3-${bucket}`,
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      SourceArn: `arn:aws:s3:::${bucket}`,
    }),
  );
  return (JSON.parse(Statement!) as { Resource: string }).Resource;
}

/** What a subscription says beside its function. */
export interface Wanted {
  readonly events: readonly string[];
  readonly prefix?: string;
  readonly suffix?: string;
  readonly id?: string;
}

export function describeSubscription(
  LambdaFunctionArn: string,
  { events, prefix, suffix, id }: Wanted,
): LambdaFunctionConfiguration {
  const rules = Object.entries({ prefix, suffix }).filter(([, Value]) => Value !== undefined);
  return {
    LambdaFunctionArn,
    Events: events as LambdaFunctionConfiguration["Events"],
    ...(id !== undefined && { Id: id }),
    ...(rules.length > 0 && {
      Filter: { Key: { FilterRules: rules.map(([Name, Value]) => ({ Name: Name as "prefix", Value })) } },
    }),
  };
}

/** Replaces the bucket's subscriptions. */
export async function subscribe(
  s3: S3Client,
  Bucket: string,
  ...LambdaFunctionConfigurations: LambdaFunctionConfiguration[]
): Promise<void> {
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket,
      NotificationConfiguration: { LambdaFunctionConfigurations },
    }),
  );
}

/** A handler that stores each record below `told/` in a bucket: `told/<event>/<key as the record has it>`. */
export function tellBucket(bucket: string): string {
  return `
    const { PutObjectCommand, S3Client } = require("@aws-sdk/client-s3");
    const s3 = new S3Client();
    exports.handler = async ({ Records }, { awsRequestId }) => {
      for (const record of Records) {
        const Key = "told/" + record.eventName + "/" + record.s3.object.key;
        await s3.send(new PutObjectCommand({ Bucket: "${bucket}", Key, Body: JSON.stringify({ awsRequestId, record }) }));
      }
    };`;
}

/** All keys of a bucket of at most a thousand. */
export async function listKeys(s3: S3Client, Bucket: string, Prefix = ""): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key }) => Key!);
}
