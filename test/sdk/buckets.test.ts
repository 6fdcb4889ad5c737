import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientsOf, makeUser } from "./iam/iam-support.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys, withHeaders } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { signedFetch } from "../support/signed-fetch.ts";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe("CreateBucket", () => {
  test("makes a bucket that is there at once", async () => {
    const { Location } = await client.send(new CreateBucketCommand({ Bucket: "created" }));
    expect(Location).toBe("/created");
    const head = await client.send(new HeadBucketCommand({ Bucket: "created" }));
    expect(head.BucketRegion).toBe("us-east-1");
    expect(head.AccessPointAlias).toBe(false);
    const location = await client.send(new GetBucketLocationCommand({ Bucket: "created" }));
    expect(location.LocationConstraint).toBeUndefined();
    const versioning = await client.send(new GetBucketVersioningCommand({ Bucket: "created" }));
    expect(versioning.Status).toBeUndefined();
  });

  test("by its owner again is answered 200 in us-east-1, and keeps the objects", async () => {
    const bucket = await makeBucket(client);
    await putKeys(client, bucket, ["kept"]);
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(KeyCount).toBe(1);
  });

  test.each(["ab", "Upper", "under_score", "a..b", "192.168.0.1", "xn--abc", "abc-s3alias", "a".repeat(64)])(
    "refuses the name %s",
    async (name) => {
      const { status, code } = await signedFetch(verge, { method: "PUT", target: `/${name}` });
      expect([status, code]).toEqual([400, "InvalidBucketName"]);
    },
  );

  const constraint = (region: string) =>
    `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;

  test.each([
    ["us-east-1 by name", constraint("us-east-1"), 400, "InvalidLocationConstraint"],
    ["another region", constraint("eu-west-1"), 400, "IllegalLocationConstraintException"],
    ["no region at all", constraint("moon"), 400, "InvalidLocationConstraint"],
    ["what is not XML", "<CreateBucketConfiguration>", 400, "MalformedXML"],
    ["another document", "<Tagging/>", 400, "MalformedXML"],
    [
      "an unknown element",
      "<CreateBucketConfiguration><Size>1</Size></CreateBucketConfiguration>",
      400,
      "MalformedXML",
    ],
    ["a body that is far too long", " ".repeat(100_000), 400, "MaxMessageLengthExceeded"],
    ["tags twice", "<CreateBucketConfiguration><Tags/><Tags/></CreateBucketConfiguration>", 400, "MalformedXML"],
    [
      "a tag of AWS's",
      "<CreateBucketConfiguration><Tags><Tag><Key>aws:a</Key><Value>b</Value></Tag></Tags></CreateBucketConfiguration>",
      400,
      "InvalidTag",
    ],
  ])("refuses %s", async (_, body, status, code) => {
    const answer = await signedFetch(verge, { method: "PUT", target: "/refused-location", body });
    expect([answer.status, answer.code]).toEqual([status, code]);
    const head = await signedFetch(verge, { method: "HEAD", target: "/refused-location" });
    expect(head.status).toBe(404);
  });

  test("takes the location auto of clients made for R2", async () => {
    const answer = await signedFetch(verge, { method: "PUT", target: "/auto-location", body: constraint("auto") });
    expect([answer.status, answer.headers.get("location")]).toEqual([200, "/auto-location"]);
  });

  test.each([
    ["x-amz-acl", "public-read", 400, "InvalidBucketAclWithObjectOwnership"],
    ["x-amz-grant-read", "id=abc", 400, "InvalidBucketAclWithObjectOwnership"],
    ["x-amz-object-ownership", "Everybody", 400, "InvalidArgument"],
    ["x-amz-bucket-object-lock-enabled", "perhaps", 400, "InvalidArgument"],
    ["x-verge-index-shards", "0", 400, "InvalidArgument"],
    ["x-verge-index-shards", "65", 400, "InvalidArgument"],
    ["x-verge-index-shards", "many", 400, "InvalidArgument"],
  ])("refuses %s: %s", async (name, value, status, code) => {
    const answer = await signedFetch(verge, { method: "PUT", target: "/refused-header", headers: { [name]: value } });
    expect([answer.status, answer.code]).toEqual([status, code]);
  });

  test("takes what says what holds anyway", async () => {
    const command = new CreateBucketCommand({
      Bucket: "as-it-is",
      ACL: "private",
      ObjectOwnership: "BucketOwnerEnforced",
      ObjectLockEnabledForBucket: false,
    });
    await expect(client.send(command)).resolves.toMatchObject({ Location: "/as-it-is" });
  });

  test("at the same time by many makes one bucket", async () => {
    const commands = Array.from({ length: 8 }, () => new CreateBucketCommand({ Bucket: "raced" }));
    await Promise.all(commands.map((command) => client.send(withHeaders(command, { "x-verge-index-shards": "4" }))));
    await putKeys(client, "raced", ["a", "b", "c", "d"]);
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: "raced" }));
    expect(KeyCount).toBe(4);
  });
});

test("a bucket is created with its tags, by those who may give them", async () => {
  const Tags = [
    { Key: "stage", Value: "test" },
    { Key: "team", Value: "a b" },
  ];
  const create = (Bucket: string) => new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { Tags } });
  await client.send(create("tagged"));
  const { TagSet } = await client.send(new GetBucketTaggingCommand({ Bucket: "tagged" }));
  expect(TagSet).toEqual(Tags);

  const { config, iam } = clientsOf(verge);
  const credentials = await makeUser(iam, "creator", { Effect: "Allow", Action: "s3:CreateBucket", Resource: "*" });
  const creator = new S3Client({ ...config, credentials, forcePathStyle: true });
  expect(await failureOf(creator.send(create("tagged-too")))).toMatchObject({ code: "AccessDenied" });
  await creator.send(new CreateBucketCommand({ Bucket: "untagged" }));
  creator.destroy();
});

describe.each([1, 4])("DeleteBucket on %i index objects", (shards) => {
  test("frees the name, and a new bucket of that name is empty", async () => {
    const bucket = await makeBucket(client, { shards });
    await putKeys(client, bucket, ["a"]);
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a" }));
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect(await failureOf(client.send(new HeadBucketCommand({ Bucket: bucket })))).toMatchObject({ status: 404 });
    expect(await failureOf(client.send(new PutObjectCommand({ Bucket: bucket, Key: "a", Body: "x" })))).toMatchObject({
      code: "NoSuchBucket",
    });
    expect(await failureOf(client.send(new DeleteBucketCommand({ Bucket: bucket })))).toMatchObject({
      code: "NoSuchBucket",
    });
    await makeBucket(client, { Bucket: bucket, shards });
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(KeyCount).toBe(0);
  });

  test("refuses a bucket with one object, and leaves it open", async () => {
    const bucket = await makeBucket(client, { shards });
    await putKeys(client, bucket, ["only"]);
    expect(await failureOf(client.send(new DeleteBucketCommand({ Bucket: bucket })))).toMatchObject({
      code: "BucketNotEmpty",
      status: 409,
    });
    await putKeys(client, bucket, ["a", "b", "c", "d", "e", "f"]);
    const { KeyCount } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    expect(KeyCount).toBe(7);
  });

  test("is not stopped by a multipart upload in progress", async () => {
    const bucket = await makeBucket(client, { shards });
    await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "never finished" }));
    await client.send(new DeleteBucketCommand({ Bucket: bucket }));
    expect(await failureOf(client.send(new HeadBucketCommand({ Bucket: bucket })))).toMatchObject({ status: 404 });
  });

  test("races with writes: an object that was accepted is never lost with its bucket", async () => {
    const bucket = await makeBucket(client, { shards });
    const writes = Array.from({ length: 20 }, (_, number) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: `key-${number}`, Body: "x" })).then(
        () => true,
        () => false,
      ),
    );
    const deleted = await client.send(new DeleteBucketCommand({ Bucket: bucket })).then(
      () => true,
      () => false,
    );
    const accepted = (await Promise.all(writes)).filter(Boolean).length;
    const listed = await client.send(new ListObjectsV2Command({ Bucket: bucket })).then(
      ({ KeyCount }) => KeyCount,
      () => "no bucket",
    );
    expect(listed).toBe(deleted ? "no bucket" : accepted);
    expect(deleted && accepted > 0).toBe(false);
  });
});

describe("ListBuckets", () => {
  test("shows the owner's buckets by name, a page at a time", async () => {
    const names = ["paged-a", "paged-b", "paged-c"];
    for (const name of names.toReversed()) await makeBucket(client, { Bucket: name });
    const first = await client.send(new ListBucketsCommand({ Prefix: "paged-", MaxBuckets: 2 }));
    expect(first.Buckets?.map(({ Name }) => Name)).toEqual(["paged-a", "paged-b"]);
    expect(first.Prefix).toBe("paged-");
    const rest = await client.send(
      new ListBucketsCommand({ Prefix: "paged-", MaxBuckets: 2, ContinuationToken: first.ContinuationToken }),
    );
    expect(rest.Buckets?.map(({ Name }) => Name)).toEqual(["paged-c"]);
    expect(rest.ContinuationToken).toBeUndefined();
  });

  test("says when and where a bucket was made, and whose it is", async () => {
    const before = Date.now();
    await makeBucket(client, { Bucket: "described" });
    const { Buckets, Owner } = await client.send(new ListBucketsCommand({ Prefix: "described" }));
    expect(Buckets).toHaveLength(1);
    expect(Buckets?.[0]).toMatchObject({ Name: "described", BucketRegion: "us-east-1" });
    expect(Math.abs(Buckets![0]!.CreationDate!.getTime() - before)).toBeLessThan(10_000);
    expect(Owner?.ID).toMatch(/^[0-9a-f]{64}$/);
    expect(Owner?.DisplayName).toBeTruthy();
  });

  test("shows nothing of another region", async () => {
    const { Buckets } = await client.send(new ListBucketsCommand({ BucketRegion: "eu-west-1" }));
    expect(Buckets ?? []).toEqual([]);
  });

  test.each(["max-buckets=0", "max-buckets=10001", "max-buckets=x", "continuation-token=garbage"])(
    "refuses %s",
    async (query) => {
      const { status, code } = await signedFetch(verge, { target: `/?${query}` });
      expect([status, code]).toEqual([400, "InvalidArgument"]);
    },
  );
});

describe("OPTIONS", () => {
  const ask = (headers: Record<string, string>, bucket = "any-bucket") =>
    fetch(`${verge.endpoint}/${bucket}/key`, { method: "OPTIONS", headers });
  const question = { origin: "https://example.org", "access-control-request-method": "PUT" };

  test("without a CORS configuration is forbidden", async () => {
    const answer = await ask(question, await makeBucket(client));
    expect(answer.status).toBe(403);
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    const text = await answer.text();
    expect(text).toContain("<Code>AccessForbidden</Code>");
    expect(text).toContain("CORSResponse: CORS is not enabled for this bucket.");
  });

  test("names a bucket that does not exist", async () => {
    const answer = await ask(question, "no-such-bucket");
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("<Code>NoSuchBucket</Code>");
  });

  test.each([
    ["Origin", { "access-control-request-method": "PUT" }, "Insufficient information. Origin request header needed."],
    ["the method", { origin: "https://example.org" }, "Invalid Access-Control-Request-Method: null"],
    ["a method of S3", { ...question, "access-control-request-method": "PATCH" }, "Method: PATCH"],
  ])("without %s is a bad request", async (_, headers, message) => {
    const answer = await ask(headers);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(message);
  });
});
