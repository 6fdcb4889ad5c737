import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import {
  DeleteBucketInventoryConfigurationCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type InventoryConfiguration,
  ListObjectVersionsCommand,
  type PutBucketInventoryConfigurationCommandInput,
  PutBucketInventoryConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listKeys } from "../support/notifications.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

const SOON = { timeout: 20_000, interval: 100 };
const FIELDS = [
  "Size",
  "LastModifiedDate",
  "StorageClass",
  "ETag",
  "IsMultipartUploaded",
  "EncryptionStatus",
  "ObjectLockMode",
  "BucketKeyStatus",
  "ChecksumAlgorithm",
  "ObjectAccessControlList",
  "ObjectOwner",
] as const;

let verge: Verge;
let client: S3Client;
let accountId: string;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_LIFECYCLE_DAY_SECONDS: "1" } });
  client = createS3Client(verge);
  const { endpoint, region, credentials } = verge;
  const sts = new STSClient({ endpoint, region, credentials: { ...credentials } });
  accountId = (await sts.send(new GetCallerIdentityCommand({}))).Account!;
  sts.destroy();
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

/** What S3's own console writes for a destination. */
async function allowReports(Bucket: string, source: string, account = accountId): Promise<void> {
  const Statement = {
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${Bucket}/*`,
    Condition: {
      ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` },
      StringEquals: { "aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control" },
    },
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

function putInventory(
  Bucket: string,
  target: string,
  rest: Partial<InventoryConfiguration> = {},
  destination: Record<string, unknown> = {},
): Promise<unknown> {
  const Id = rest.Id ?? "report";
  const input: PutBucketInventoryConfigurationCommandInput = {
    Bucket,
    Id,
    InventoryConfiguration: {
      Id,
      IsEnabled: true,
      IncludedObjectVersions: "Current",
      Schedule: { Frequency: "Daily" },
      Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${target}`, Format: "CSV", ...destination } },
      ...rest,
    },
  };
  return client.send(new PutBucketInventoryConfigurationCommand(input));
}

async function readBytes(Bucket: string, Key: string): Promise<Uint8Array> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Body!.transformToByteArray();
}
const readText = async (Bucket: string, Key: string) => Buffer.from(await readBytes(Bucket, Key)).toString();
const md5 = (content: string | Uint8Array) => createHash("md5").update(content).digest("hex");

/** Waits for a report; answers its manifest's key. */
async function findReport(target: string, prefix = ""): Promise<string> {
  const find = async () => (await listKeys(client, target, prefix)).find((key) => key.endsWith("/manifest.checksum"));
  await expect.poll(find, SOON).toBeDefined();
  return (await find())!.replace(/checksum$/, "json");
}

/** Values of CSV in which each is quoted. */
function parseCsv(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) =>
      line
        .slice(1, -1)
        .split('","')
        .map((value) => value.replaceAll('""', '"')),
    );
}

interface Manifest {
  readonly fileSchema: string;
  readonly files: readonly { readonly key: string; readonly size: number; readonly MD5checksum: string }[];
}

/** All rows of a report, by the names of its columns. */
async function readReport(target: string, manifestKey: string): Promise<Record<string, string>[]> {
  const manifest = JSON.parse(await readText(target, manifestKey)) as Manifest;
  const columns = manifest.fileSchema.split(", ");
  const rows: Record<string, string>[] = [];
  for (const { key, size, MD5checksum } of manifest.files) {
    const bytes = await readBytes(target, key);
    expect([bytes.length, md5(bytes)]).toEqual([size, MD5checksum]);
    for (const values of parseCsv(gunzipSync(bytes).toString())) {
      rows.push(Object.fromEntries(columns.map((column, index) => [column, values[index]!])));
    }
  }
  return rows;
}

describe("a daily report", () => {
  test("of all versions, with everything that can be said of them", async () => {
    const [Bucket, target] = [await makeBucket(client, { shards: 3 }), await makeBucket(client)];
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const Key = 'a b/ü"+%.txt';
    const first = await client.send(new PutObjectCommand({ Bucket, Key, Body: "1", ChecksumAlgorithm: "SHA256" }));
    const second = await client.send(new PutObjectCommand({ Bucket, Key, Body: "22", StorageClass: "STANDARD_IA" }));
    await putKeys(client, Bucket, ["deleted", "other"]);
    await client.send(new DeleteObjectCommand({ Bucket, Key: "deleted" }));
    await allowReports(target, Bucket);
    await putInventory(
      Bucket,
      target,
      { IncludedObjectVersions: "All", OptionalFields: [...FIELDS] },
      { Prefix: "in/ventory", AccountId: accountId, Encryption: { SSES3: {} } },
    );

    const manifestKey = await findReport(target);
    expect(manifestKey).toMatch(
      new RegExp(`^in/ventory/${Bucket}/report/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\dZ/manifest\\.json$`),
    );
    const text = await readText(target, manifestKey);
    expect(await readText(target, manifestKey.replace(/json$/, "checksum"))).toBe(md5(text));
    const manifest = JSON.parse(text) as Manifest;
    expect(manifest).toMatchObject({
      sourceBucket: Bucket,
      destinationBucket: `arn:aws:s3:::${target}`,
      version: "2016-11-30",
      fileFormat: "CSV",
      fileSchema: ["Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", ...FIELDS].join(", "),
    });
    const [link] = await listKeys(client, target, `in/ventory/${Bucket}/report/hive/dt=`);
    expect(link).toMatch(/dt=\d{4}-\d\d-\d\d-\d\d-\d\d\/symlink\.txt$/);
    const links = (await readText(target, link!)).trim().split("\n");
    expect(links).toHaveLength(manifest.files.length);
    const file = new RegExp(`^s3://${target}/in/ventory/${Bucket}/report/data/[0-9a-f-]{36}\\.csv\\.gz$`);
    for (const url of links) expect(url).toMatch(file);

    const rows = await readReport(target, manifestKey);
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }));
    expect(rows).toHaveLength(Versions.length + DeleteMarkers.length);
    const own = rows.filter((row) => decodeURIComponent(row["Key"]!) === Key);
    expect(own.map((row) => [row["VersionId"], row["IsLatest"], row["Size"], row["StorageClass"]])).toEqual([
      [second.VersionId, "true", "2", "STANDARD_IA"],
      [first.VersionId, "false", "1", "STANDARD"],
    ]);
    expect(own[1]).toMatchObject({
      Bucket,
      IsDeleteMarker: "false",
      ETag: first.ETag!.replaceAll('"', ""),
      IsMultipartUploaded: "false",
      EncryptionStatus: "SSE-S3",
      ObjectLockMode: "",
      ChecksumAlgorithm: "SHA256",
      LastModifiedDate: Versions.find(({ VersionId }) => VersionId === first.VersionId)!.LastModified!.toISOString(),
    });
    const owner = Versions[0]!.Owner!.ID!;
    expect(own[0]!["ObjectOwner"]).toBe(owner);
    expect(JSON.parse(Buffer.from(own[0]!["ObjectAccessControlList"]!, "base64").toString())).toEqual({
      version: "2022-11-10",
      status: "AVAILABLE",
      grants: [{ canonicalId: owner, type: "CanonicalUser", permission: "FULL_CONTROL" }],
    });
    const marker = rows.find((row) => row["IsDeleteMarker"] === "true");
    expect(marker).toMatchObject({ Key: "deleted", IsLatest: "true", Size: "", ETag: "", EncryptionStatus: "" });
  });

  test("of current versions under a prefix, again and again until it is deleted", async () => {
    const [Bucket, target] = [await makeBucket(client, { shards: 4 }), await makeBucket(client)];
    const keys = Array.from({ length: 40 }, (_, n) => `logs/${n}`);
    await putKeys(client, Bucket, [...keys, "log", "logs0"]);
    await allowReports(target, Bucket);
    await putInventory(Bucket, target, { Filter: { Prefix: "logs/" } });
    const rows = await readReport(target, await findReport(target));
    expect(new Set(rows.map(({ Key }) => Key))).toEqual(new Set(keys));
    expect(rows).toHaveLength(keys.length);
    expect(Object.keys(rows[0]!)).toEqual(["Bucket", "Key"]);
    const countFiles = async () => (await listKeys(client, target, `${Bucket}/report/data/`)).length;
    const files = await countFiles();
    await expect.poll(countFiles, SOON).toBeGreaterThan(files);
    await client.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id: "report" }));
  });

  test("of an empty bucket names no files", async () => {
    const [Bucket, target] = [await makeBucket(client), await makeBucket(client)];
    await allowReports(target, Bucket);
    await putInventory(Bucket, target);
    expect(await readReport(target, await findReport(target))).toEqual([]);
  });

  test("is written although the server is killed", async () => {
    const [Bucket, target] = [await makeBucket(client, { shards: 2 }), await makeBucket(client)];
    await putKeys(client, Bucket, ["a", "b", "c"]);
    await allowReports(target, Bucket);
    await putInventory(Bucket, target);
    await verge.kill();
    const rows = await readReport(target, await findReport(target));
    expect(new Set(rows.map(({ Key }) => Key))).toEqual(new Set(["a", "b", "c"]));
    expect(rows).toHaveLength(3);
  });
});

test("only a destination whose policy lets S3 write for that bucket gets a report", async () => {
  const Bucket = await makeBucket(client);
  const [without, foreign, wrongOwner, good] = [
    await makeBucket(client),
    await makeBucket(client),
    await makeBucket(client),
    await makeBucket(client),
  ];
  await allowReports(foreign, Bucket, "000000000009");
  await allowReports(wrongOwner, Bucket);
  await allowReports(good, Bucket);
  await putInventory(Bucket, without, { Id: "a" });
  await putInventory(Bucket, foreign, { Id: "b" });
  await putInventory(Bucket, wrongOwner, { Id: "c" }, { AccountId: "000000000009" });
  await putInventory(Bucket, good, { Id: "off", IsEnabled: false }, { Prefix: "off" });
  // Reports of a bucket begin in the order of their ids.
  await putInventory(Bucket, good, { Id: "z" });
  await findReport(good, `${Bucket}/z/`);
  for (const target of [without, foreign, wrongOwner]) expect(await listKeys(client, target)).toEqual([]);
  expect(await listKeys(client, good, "off/")).toEqual([]);
});

test.each(["ORC", "Parquet"] as const)("%s is refused", async (Format) => {
  const Bucket = await makeBucket(client);
  const failure = await failureOf(putInventory(Bucket, "reports", {}, { Format }));
  expect(failure).toMatchObject({ code: "NotImplemented", status: 501 });
  expect(failure.message).toContain(Format);
});
