import {
  CopyObjectCommand,
  type BucketLoggingStatus,
  DeleteObjectCommand,
  GetBucketLoggingCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { addAccount } from "../support/accounts.ts";
import { failureOf, makeBucket, withHeaders } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const SOON = { timeout: 15_000, interval: 50 };
const LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_LOG_INTERVAL_SECONDS: "0.2" } });
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** A bucket that lets S3 write the logs of another into it. */
async function makeTarget(source: string): Promise<string> {
  const target = await makeBucket(client);
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "logging.s3.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: `arn:aws:s3:::${target}/logs/*`,
        Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` } },
      },
    ],
  });
  await client.send(new PutBucketPolicyCommand({ Bucket: target, Policy }));
  return target;
}

function setLogging(Bucket: string, LoggingEnabled?: BucketLoggingStatus["LoggingEnabled"]) {
  return client.send(new PutBucketLoggingCommand({ Bucket, BucketLoggingStatus: { LoggingEnabled } }));
}

/** All that has been delivered, a line each, with the keys of the objects. */
async function readLogs(Bucket: string): Promise<{ keys: string[]; lines: string[] }> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
  const keys = Contents.map(({ Key }) => Key!);
  const texts = await Promise.all(
    keys.map(async (Key) => (await client.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()),
  );
  return { keys, lines: texts.flatMap((text) => text.split("\n").filter((line) => line !== "")) };
}

/** Waits for as many lines as there are patterns, and answers all. */
function findLines(target: string, ...patterns: RegExp[]): ReturnType<typeof readLogs> {
  return vi.waitFor(async () => {
    const logs = await readLogs(target);
    expect(patterns.filter((pattern) => !logs.lines.some((line) => pattern.test(line)))).toEqual([]);
    return logs;
  }, SOON);
}

describe("a logged bucket", () => {
  test("leaves a line of each request in its target", async () => {
    const Bucket = await makeBucket(client);
    const target = await makeTarget(Bucket);
    await setLogging(Bucket, { TargetBucket: target, TargetPrefix: "logs/" });

    await client.send(new PutObjectCommand({ Bucket, Key: "a b", Body: "12345" }));
    await (
      await client.send(new GetObjectCommand({ Bucket, Key: "a b", Range: "bytes=0-1" }))
    ).Body!.transformToString();
    await client.send(new HeadObjectCommand({ Bucket, Key: "a b" }));
    await client.send(new ListObjectsV2Command({ Bucket }));
    await failureOf(client.send(new GetObjectCommand({ Bucket, Key: "missing" })));
    await client.send(new DeleteObjectCommand({ Bucket, Key: "a b" }));
    const { status } = await fetch(`${verge.endpoint}/${Bucket}/a`, { headers: { referer: 'x" 200' } });
    expect(status).toBe(403);

    const time = String.raw`\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]`;
    const owned = (rest: string) => new RegExp(String.raw`^[0-9a-f]{64} ${Bucket} ${time} \S+ ${rest}`);
    const { keys, lines } = await findLines(
      target,
      owned(String.raw`[0-9a-f]{64} \S+ REST\.PUT\.OBJECT a%20b "PUT /${Bucket}/a%20b\S* HTTP/1\.1" 200 - - 5 \d+ \d+`),
      owned(String.raw`[0-9a-f]{64} \S+ REST\.GET\.OBJECT a%20b "GET [^"]*" 206 - 2 5 `),
      owned(String.raw`[0-9a-f]{64} \S+ REST\.HEAD\.OBJECT a%20b "HEAD [^"]*" 200 - - 5 `),
      owned(String.raw`[0-9a-f]{64} \S+ REST\.GET\.BUCKET - "GET [^"]*" 200 - \d{3} - `),
      owned(String.raw`[0-9a-f]{64} \S+ REST\.GET\.OBJECT missing "GET [^"]*" 404 NoSuchKey \d{3} - `),
      owned(String.raw`[0-9a-f]{64} \S+ REST\.DELETE\.OBJECT a%20b "DELETE [^"]*" 204 - - - `),
      owned(String.raw`- \S+ REST\.GET\.OBJECT a "GET [^"]*" 403 AccessDenied \d{3} - \d+ \d+ "x%22 200" `),
    );
    for (const key of keys) expect(key).toMatch(/^logs\/\d{4}(-\d\d){5}-[0-9A-F]{16}$/);
    expect(lines.filter((line) => line.includes("REST.PUT.OBJECT"))).toHaveLength(1);
    expect(lines.filter((line) => !line.includes(` ${Bucket} `))).toEqual([]);
  });

  test("is told of copies out of it, below partitions of the day", async () => {
    const Bucket = await makeBucket(client);
    const target = await makeTarget(Bucket);
    const PartitionedPrefix = { PartitionDateSource: "EventTime" } as const;
    const logging = { TargetBucket: target, TargetPrefix: "logs/", TargetObjectKeyFormat: { PartitionedPrefix } };
    await setLogging(Bucket, logging);
    await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "12345" }));
    await client.send(new CopyObjectCommand({ Bucket: target, Key: "copy", CopySource: `${Bucket}/a` }));
    const { keys } = await findLines(target, /REST\.COPY\.OBJECT_GET a "PUT /, /REST\.PUT\.OBJECT a "PUT /);
    const partition = String.raw`\d{12}/${verge.region}/${Bucket}/\d{4}/\d\d/\d\d`;
    const logs = keys.filter((key) => key !== "copy");
    for (const key of logs)
      expect(key).toMatch(new RegExp(`^logs/${partition}/\\d{4}-\\d\\d-\\d\\d-00-00-00-[0-9A-F]{16}$`));
    const { LoggingEnabled } = await client.send(new GetBucketLoggingCommand({ Bucket }));
    expect(LoggingEnabled).toEqual(logging);
  });

  test("gives those whom it names the right to read the logs, where ACLs count", async () => {
    const Bucket = await makeBucket(client);
    const target = await makeBucket(client, { ObjectOwnership: "BucketOwnerPreferred" });
    const uri = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
    const Grant = { Grantee: { Type: "Group", URI: uri }, Permission: "READ" } as const;
    const logging = { TargetBucket: target, TargetPrefix: "", TargetGrants: [Grant] };
    expect((await failureOf(setLogging(Bucket, logging))).code).toBe("InvalidTargetBucketForLogging");
    const headers = { "x-amz-acl": "log-delivery-write" };
    await client.send(withHeaders(new PutBucketAclCommand({ Bucket: target }), headers));
    await setLogging(Bucket, {
      ...logging,
      TargetGrants: [{ ...Grant, Grantee: { Type: "Group", URI: LOG_DELIVERY } }],
    });
    const { LoggingEnabled } = await client.send(new GetBucketLoggingCommand({ Bucket }));
    expect(LoggingEnabled!.TargetGrants).toEqual([
      { Grantee: { Type: "Group", URI: LOG_DELIVERY }, Permission: "READ" },
    ]);
    await client.send(new PutObjectCommand({ Bucket, Key: "a" }));
    const { keys } = await findLines(target, /REST\.PUT\.OBJECT a /);
    const { Grants } = await client.send(new GetObjectAclCommand({ Bucket: target, Key: keys[0] }));
    expect(Grants!.map(({ Grantee, Permission }) => [Grantee!.URI, Permission])).toContainEqual([LOG_DELIVERY, "READ"]);
  });

  test("is no longer logged once that is turned off", async () => {
    const Bucket = await makeBucket(client);
    await setLogging(Bucket, { TargetBucket: await makeTarget(Bucket), TargetPrefix: "logs/" });
    await setLogging(Bucket);
    expect((await client.send(new GetBucketLoggingCommand({ Bucket }))).LoggingEnabled).toBeUndefined();
  });
});

describe("refused are", () => {
  test.each([
    ["a target that does not exist", async () => ({ TargetBucket: "not-there", TargetPrefix: "" })],
    [
      "a target of somebody else",
      async () => {
        const other = await addAccount(verge, "other");
        const TargetBucket = await makeBucket(other.s3);
        other.s3.destroy();
        return { TargetBucket, TargetPrefix: "" };
      },
    ],
    [
      "a target that keeps everything for a time",
      async () => {
        const TargetBucket = await makeBucket(client, { ObjectLockEnabledForBucket: true });
        const ObjectLockConfiguration = {
          ObjectLockEnabled: "Enabled",
          Rule: { DefaultRetention: { Mode: "GOVERNANCE", Days: 1 } },
        } as const;
        await client.send(new PutObjectLockConfigurationCommand({ Bucket: TargetBucket, ObjectLockConfiguration }));
        return { TargetBucket, TargetPrefix: "" };
      },
    ],
  ])("%s", async (_, makeLogging) => {
    const Bucket = await makeBucket(client);
    const failure = await failureOf(setLogging(Bucket, await makeLogging()));
    expect(failure).toMatchObject({ code: "InvalidTargetBucketForLogging", status: 400 });
  });

  test("grants where ACLs are off, and documents without a prefix", async () => {
    const Bucket = await makeBucket(client);
    const Grant = { Grantee: { Type: "Group", URI: LOG_DELIVERY }, Permission: "READ" } as const;
    const granted = { TargetBucket: Bucket, TargetPrefix: "", TargetGrants: [Grant] };
    expect((await failureOf(setLogging(Bucket, granted))).code).toBe("AccessControlListNotSupported");
    const unprefixed = { TargetBucket: Bucket, TargetPrefix: undefined };
    expect((await failureOf(setLogging(Bucket, unprefixed))).code).toBe("MalformedXML");
  });
});
