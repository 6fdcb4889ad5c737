import {
  DeleteBucketReplicationCommand,
  GetBucketReplicationCommand,
  PutBucketReplicationCommand,
  PutBucketVersioningCommand,
  type ReplicationConfiguration,
  type ReplicationRule,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeVersioned, nameRole, ruleTo } from "../../support/replication.ts";
import { failureOf, makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let s3: S3Client;
let Role: string;
let target: string;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  Role = await nameRole(verge);
  target = await makeVersioned(s3);
});
afterAll(async () => {
  s3.destroy();
  await verge.stop();
});

let Bucket: string;
beforeEach(async () => {
  Bucket = await makeVersioned(s3);
});

const put = (ReplicationConfiguration: ReplicationConfiguration) =>
  s3.send(new PutBucketReplicationCommand({ Bucket, ReplicationConfiguration }));
const refused = (Rules: ReplicationRule[], role = Role) => failureOf(put({ Role: role, Rules }));
const read = async () => (await s3.send(new GetBucketReplicationCommand({ Bucket }))).ReplicationConfiguration;

describe("the configuration", () => {
  test("is answered as it was put, of either schema, until it is deleted", async () => {
    const arn = `arn:aws:s3:::${target}`;
    const rules: ReplicationRule[] = [
      ruleTo(target, {
        ID: "all",
        Filter: { And: { Prefix: "a/", Tags: [{ Key: "k", Value: "v" }] } },
        DeleteMarkerReplication: { Status: "Disabled" },
        ExistingObjectReplication: { Status: "Disabled" },
        SourceSelectionCriteria: {
          SseKmsEncryptedObjects: { Status: "Enabled" },
          ReplicaModifications: { Status: "Enabled" },
        },
        Destination: {
          Bucket: arn,
          Account: Role.split(":")[4],
          StorageClass: "STANDARD_IA",
          AccessControlTranslation: { Owner: "Destination" },
          EncryptionConfiguration: { ReplicaKmsKeyID: "alias/aws/s3" },
          ReplicationTime: { Status: "Enabled", Time: { Minutes: 15 } },
          Metrics: { Status: "Enabled", EventThreshold: { Minutes: 15 } },
        },
      }),
      ruleTo(target, { ID: "tag", Priority: 2, Filter: { Tag: { Key: "a", Value: "" } }, Status: "Disabled" }),
      ruleTo(target, { ID: "none", Priority: 0, Filter: {} }),
    ];
    rules[1]!.DeleteMarkerReplication = { Status: "Disabled" };
    await put({ Role, Rules: rules });
    const stored = (await read())!;
    // An empty filter is read back without members by the SDK.
    expect(stored).toEqual({ Role, Rules: rules });
    const first: ReplicationRule[] = [{ ID: "v1", Prefix: "x", Status: "Enabled", Destination: { Bucket: arn } }];
    await put({ Role, Rules: first });
    expect(await read()).toEqual({ Role, Rules: first });
    await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
    expect(await failureOf(read())).toMatchObject({ code: "ReplicationConfigurationNotFoundError", status: 404 });
    await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
  });

  test("gives rules without an ID one of their own", async () => {
    const { ID: _none, ...rule } = ruleTo(target);
    await put({ Role, Rules: [rule] });
    expect((await read())?.Rules?.[0]?.ID).toMatch(/^.{20,}$/);
  });

  test("needs versioning on both sides, and keeps the source's from being suspended", async () => {
    const plain = await makeBucket(s3);
    const [source, versioned] = [Bucket, target];
    Bucket = plain;
    expect(await refused([ruleTo(versioned)])).toEqual({
      code: "InvalidRequest",
      status: 400,
      message: "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
    });
    Bucket = source;
    expect(await refused([ruleTo(plain)])).toEqual({
      code: "InvalidRequest",
      status: 400,
      message: "Destination bucket must have versioning enabled.",
    });
    await put({ Role, Rules: [ruleTo(versioned)] });
    const suspend = () =>
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Suspended" } }));
    expect(await failureOf(suspend())).toMatchObject({ code: "InvalidBucketState", status: 409 });
    await s3.send(new DeleteBucketReplicationCommand({ Bucket }));
    await suspend();
  });

  test("needs object lock in the destination where the source has it", async () => {
    Bucket = await makeVersioned(s3, { ObjectLockEnabledForBucket: true });
    expect(await refused([ruleTo(target)])).toMatchObject({ code: "InvalidRequest", status: 400 });
    await put({ Role, Rules: [ruleTo(await makeVersioned(s3, { ObjectLockEnabledForBucket: true }))] });
  });
});

describe("what AWS refuses", () => {
  const without = (name: keyof ReplicationRule) => {
    const rule = ruleTo(target);
    delete rule[name];
    return rule;
  };
  const SCHEMA = "for this version of Cross Region Replication configuration schema.";
  test.each<[string, () => ReplicationRule[], { code: string; message?: string | RegExp }]>([
    ["no rules", () => [], { code: "MalformedXML" }],
    [
      "more than a thousand rules",
      () => Array.from({ length: 1001 }, (_, at) => ruleTo(target, { ID: String(at), Priority: at })),
      { code: "MalformedXML" },
    ],
    [
      "no priority",
      () => [without("Priority")],
      { code: "InvalidRequest", message: `Priority must be specified ${SCHEMA}` },
    ],
    [
      "no word on delete markers",
      () => [without("DeleteMarkerReplication")],
      { code: "InvalidRequest", message: `DeleteMarkerReplication must be specified ${SCHEMA}` },
    ],
    [
      "delete markers of tagged objects",
      () => [ruleTo(target, { Filter: { Tag: { Key: "a", Value: "b" } } })],
      { code: "InvalidRequest", message: "Delete marker replication is not supported if any Tag filter is specified." },
    ],
    ["a priority twice", () => [ruleTo(target), ruleTo(target, { ID: "other" })], { code: "InvalidArgument" }],
    [
      "an ID twice",
      () => [ruleTo(target), ruleTo(target, { Priority: 2 })],
      { code: "InvalidArgument", message: "Rule ID must be unique." },
    ],
    ["no such destination", () => [ruleTo("there-is-none")], { code: "InvalidRequest" }],
    ["the source as destination", () => [ruleTo(Bucket)], { code: "InvalidRequest" }],
    [
      "a destination of another account than it says",
      () => [ruleTo(target, { Destination: { Bucket: `arn:aws:s3:::${target}`, Account: "999999999999" } })],
      { code: "InvalidRequest" },
    ],
    [
      "a name in place of an ARN",
      () => [ruleTo(target, { Destination: { Bucket: target } })],
      { code: "InvalidArgument" },
    ],
    [
      "KMS objects without a key for the replicas",
      () => [ruleTo(target, { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" } } })],
      { code: "InvalidRequest", message: "ReplicaKmsKeyID must be specified" },
    ],
    [
      "existing objects",
      () => [ruleTo(target, { ExistingObjectReplication: { Status: "Enabled" } })],
      { code: "MalformedXML", message: "ExistingObjectReplication" },
    ],
    ["an unknown status", () => [ruleTo(target, { Status: "On" as "Enabled" })], { code: "MalformedXML" }],
    [
      "two destinations in version 1",
      () => [
        { ID: "1", Prefix: "a", Status: "Enabled", Destination: { Bucket: `arn:aws:s3:::${target}` } },
        { ID: "2", Prefix: "b", Status: "Enabled", Destination: { Bucket: "arn:aws:s3:::another" } },
      ],
      { code: "InvalidRequest", message: "Number of distinct destination bucket ARNs cannot exceed 1" },
    ],
    [
      "prefixes of version 1 within each other",
      () =>
        ["a", "b", "a/b"].map((Prefix) => ({
          ID: Prefix,
          Prefix,
          Status: "Enabled" as const,
          Destination: { Bucket: `arn:aws:s3:::${target}` },
        })),
      { code: "InvalidRequest", message: "Found overlapping prefixes 'a' and 'a/b'" },
    ],
  ])("%s", async (_, rules, { code, message = "" }) => {
    expect(await refused(rules())).toMatchObject({
      code,
      status: 400,
      message: expect.stringContaining(String(message)),
    });
  });

  test.each([
    ["something else than a role", "arn:aws:iam::000000000001:user/me", "InvalidArgument"],
    ["a role of another account", "arn:aws:iam::999999999999:role/r", "InvalidRequest"],
  ])("%s", async (_, role, code) => {
    expect(await refused([ruleTo(target)], role)).toMatchObject({ code, status: 400 });
  });
});
