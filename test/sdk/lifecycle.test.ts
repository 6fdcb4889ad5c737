import {
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  GetObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  RestoreObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_LIFECYCLE_DAY_SECONDS: "0.5" } });
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

let Bucket: string;
const putRules = (Rules: LifecycleRule[]) =>
  client.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
const getRules = () => client.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));

const DATE = new Date("2030-01-01T00:00:00Z");
const RULES: LifecycleRule[] = [
  { ID: "old style", Prefix: "a/", Status: "Enabled", Expiration: { Days: 400 } },
  { ID: "all", Filter: {}, Status: "Disabled", Expiration: { ExpiredObjectDeleteMarker: true } },
  {
    ID: "prefix",
    Filter: { Prefix: "" },
    Status: "Enabled",
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 400 },
  },
  { ID: "tag", Filter: { Tag: { Key: "k", Value: "v w" } }, Status: "Enabled", Expiration: { Date: DATE } },
  {
    ID: "everything",
    Filter: {
      And: {
        Prefix: "b/",
        Tags: [
          { Key: "a", Value: "1" },
          { Key: "b", Value: "2" },
        ],
        ObjectSizeGreaterThan: 0,
        ObjectSizeLessThan: 100,
      },
    },
    Status: "Enabled",
    Transitions: [
      { Days: 300, StorageClass: "STANDARD_IA" },
      { Days: 300, StorageClass: "GLACIER" },
    ],
    NoncurrentVersionTransitions: [{ NoncurrentDays: 300, NewerNoncurrentVersions: 2, StorageClass: "ONEZONE_IA" }],
    NoncurrentVersionExpiration: { NoncurrentDays: 400, NewerNoncurrentVersions: 3 },
  },
];

describe("the configuration", () => {
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards: 4 });
  });

  test("is answered as it was put, and is gone when it is deleted", async () => {
    expect(await failureOf(getRules())).toMatchObject({ code: "NoSuchLifecycleConfiguration", status: 404 });
    await putRules(RULES);
    const { Rules, TransitionDefaultMinimumObjectSize } = await getRules();
    expect(Rules).toEqual(RULES);
    expect(TransitionDefaultMinimumObjectSize).toBe("all_storage_classes_128K");
    await client.send(new DeleteBucketLifecycleCommand({ Bucket }));
    expect(await failureOf(getRules())).toMatchObject({ code: "NoSuchLifecycleConfiguration" });
    await putRules([{ Filter: {}, Status: "Enabled", Expiration: { Days: 1000 } }]);
    expect((await getRules()).Rules?.[0]?.ID).toMatch(/^\S{48}$/);
  });

  const base = { ID: "r", Filter: { Prefix: "" }, Status: "Enabled" } as const;
  test.each<[string, LifecycleRule[], string]>([
    ["no rules", [], "MalformedXML"],
    ["no action", [base], "InvalidRequest"],
    ["neither filter nor prefix", [{ Status: "Enabled", Expiration: { Days: 1 } }], "MalformedXML"],
    ["both", [{ ...base, Prefix: "", Expiration: { Days: 1 } }], "MalformedXML"],
    ["another status", [{ ...base, Status: "enabled" as "Enabled", Expiration: { Days: 1 } }], "MalformedXML"],
    ["a long ID", [{ ...base, ID: "x".repeat(256), Expiration: { Days: 1 } }], "InvalidArgument"],
    [
      "one ID twice",
      [
        { ...base, Expiration: { Days: 1 } },
        { ...base, Expiration: { Days: 2 } },
      ],
      "InvalidArgument",
    ],
    ["no days", [{ ...base, Expiration: { Days: 0 } }], "InvalidArgument"],
    ["days and a date", [{ ...base, Expiration: { Days: 1, Date: DATE } }], "MalformedXML"],
    ["a date at noon", [{ ...base, Expiration: { Date: new Date("2030-01-01T12:00:00Z") } }], "InvalidArgument"],
    ["no noncurrent days", [{ ...base, NoncurrentVersionExpiration: { NoncurrentDays: 0 } }], "InvalidArgument"],
    [
      "101 kept",
      [{ ...base, NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 101 } }],
      "InvalidArgument",
    ],
    ["an early move", [{ ...base, Transitions: [{ Days: 29, StorageClass: "STANDARD_IA" }] }], "InvalidArgument"],
    ["an unknown class", [{ ...base, Transitions: [{ Days: 30, StorageClass: "COLD" as "GLACIER" }] }], "MalformedXML"],
    [
      "an end before the move",
      [{ ...base, Expiration: { Days: 30 }, Transitions: [{ Days: 30, StorageClass: "STANDARD_IA" }] }],
      "InvalidArgument",
    ],
    [
      "days and dates mixed",
      [{ ...base, Expiration: { Days: 30 }, Transitions: [{ Date: DATE, StorageClass: "GLACIER" }] }],
      "InvalidRequest",
    ],
    [
      "a marker by tag",
      [{ ...base, Filter: { Tag: { Key: "k", Value: "v" } }, Expiration: { ExpiredObjectDeleteMarker: true } }],
      "InvalidRequest",
    ],
    [
      "an upload by size",
      [{ ...base, Filter: { ObjectSizeGreaterThan: 1 }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }],
      "InvalidRequest",
    ],
    ["And of one", [{ ...base, Filter: { And: { Prefix: "a" } }, Expiration: { Days: 1 } }], "MalformedXML"],
    [
      "sizes that exclude each other",
      [{ ...base, Filter: { And: { ObjectSizeGreaterThan: 9, ObjectSizeLessThan: 9 } }, Expiration: { Days: 1 } }],
      "InvalidRequest",
    ],
  ])("with %s is refused", async (_, rules, code) => {
    expect(await failureOf(putRules(rules))).toMatchObject({ code, status: 400 });
  });

  test("says in reads and writes when the current version will expire, and by which rule", async () => {
    Bucket = await makeBucket(client);
    await putRules([
      { ID: "tagged or not", Filter: { Prefix: "a/" }, Status: "Enabled", Expiration: { Days: 1000 } },
      { ID: "tag", Filter: { Tag: { Key: "k", Value: "v" } }, Status: "Enabled", Expiration: { Days: 500 } },
    ]);
    const put = await client.send(new PutObjectCommand({ Bucket, Key: "a/1", Body: "1" }));
    const match = /^expiry-date="(.+)", rule-id="tagged%20or%20not"$/.exec(put.Expiration ?? "");
    const days = (Date.parse(match?.[1] ?? "") - Date.now()) / 86_400_000;
    expect(Math.floor(days)).toBe(1000);
    expect(Date.parse(match![1]!) % 86_400_000).toBe(0);
    await client.send(new PutObjectCommand({ Bucket, Key: "a/2", Body: "2", Tagging: "k=v" }));
    const tagged = await client.send(new HeadObjectCommand({ Bucket, Key: "a/2" }));
    expect(tagged.Expiration).toContain('rule-id="tag"');
    await client.send(new PutObjectCommand({ Bucket, Key: "b", Body: "3" }));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "b" }))).Expiration).toBeUndefined();
  });
});

test("rules are acted upon on every index object, day after day", async () => {
  Bucket = await makeBucket(client, { shards: 4 });
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  const keys = Array.from({ length: 12 }, (_, n) => `logs/${n}`);
  await putKeys(client, Bucket, [...keys, "keep"]);
  await client.send(new CreateMultipartUploadCommand({ Bucket, Key: "logs/upload" }));
  await putRules([
    {
      ID: "all of it",
      Filter: { Prefix: "logs/" },
      Status: "Enabled",
      Expiration: { Days: 1 },
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ]);
  const left = async () => {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
    return [...Versions, ...DeleteMarkers, ...Uploads].map(({ Key }) => Key);
  };
  await expect.poll(left, { timeout: 20_000, interval: 250 }).toEqual(["keep"]);
}, 30_000);

test("a version that a rule has moved into an archive is read once it is restored", async () => {
  Bucket = await makeBucket(client);
  await client.send(new PutObjectCommand({ Bucket, Key: "a", Body: "archived", Tagging: "k=v" }));
  await putRules([
    {
      ID: "r",
      Filter: { ObjectSizeGreaterThan: 1 },
      Status: "Enabled",
      Transitions: [{ Days: 0, StorageClass: "DEEP_ARCHIVE" }],
      Expiration: { Days: 4000 },
    },
  ]);
  const head = () => client.send(new HeadObjectCommand({ Bucket, Key: "a" }));
  await expect.poll(async () => (await head()).StorageClass, { timeout: 10_000, interval: 100 }).toBe("DEEP_ARCHIVE");
  expect((await head()).Expiration).toContain('rule-id="r"');
  const get = () => client.send(new GetObjectCommand({ Bucket, Key: "a" }));
  expect(await failureOf(get())).toMatchObject({ code: "InvalidObjectState", status: 403 });
  await client.send(new RestoreObjectCommand({ Bucket, Key: "a", RestoreRequest: { Days: 1 } }));
  expect(await (await get()).Body?.transformToString()).toBe("archived");
});
