import { CreateBucketCommand, ListBucketsCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { awaitRecords, callCloudTrail, lookUp } from "../../support/trail.ts";
import { clientsOf, makeUser } from "../iam/iam-support.ts";

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_AUDIT_INTERVAL_SECONDS: "0.1" } });
  const { s3 } = clientsOf(verge);
  for (const Bucket of ["first", "second", "third"]) await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new ListBucketsCommand({}));
  await awaitRecords(verge, "CreateBucket", 3);
  await awaitRecords(verge, "ListBuckets");
});
afterAll(() => verge.stop());

const by = (AttributeKey: string, AttributeValue: string) => ({ LookupAttributes: [{ AttributeKey, AttributeValue }] });
const creations = by("EventName", "CreateBucket");
const bucketsOf = async (input: object) =>
  (await lookUp(verge, input)).Events.flatMap(({ Resources }) => Resources.map(({ ResourceName }) => ResourceName));

describe("LookupEvents", () => {
  test("finds by each attribute, newest first", async () => {
    const { Events } = await lookUp(verge, creations);
    expect(Events.map(({ Resources }) => Resources)).toEqual(
      ["third", "second", "first"].map((name) => [{ ResourceType: "AWS::S3::Bucket", ResourceName: name }]),
    );
    const [event] = Events;
    expect(event).toMatchObject({ ReadOnly: "false", Username: "root", AccessKeyId: verge.accessKeyId });
    expect(JSON.parse(event!.CloudTrailEvent)).toMatchObject({ eventID: event!.EventId });
    expect((await lookUp(verge, by("EventId", event!.EventId))).Events).toEqual([event]);
    expect(await bucketsOf(by("ResourceName", "second"))).toEqual(["second"]);
    expect(await bucketsOf(by("ResourceType", "AWS::S3::Bucket"))).toEqual(["third", "second", "first"]);
    // A name counts as a whole, and is no pattern.
    for (const name of ["secon", "%", 'second"', "AWS::S3::Bucket"])
      expect(await bucketsOf(by("ResourceName", name))).toEqual([]);
    expect(await bucketsOf(by("ReadOnly", "false"))).toEqual(["third", "second", "first"]);
    const reads = await lookUp(verge, by("ReadOnly", "true"));
    expect(reads.Events.map(({ EventName }) => EventName)).toContain("ListBuckets");
    const ofS3 = await lookUp(verge, by("EventSource", "s3.amazonaws.com"));
    expect(ofS3.Events.map(({ EventName }) => EventName)).toEqual(["ListBuckets", ...Array(3).fill("CreateBucket")]);
    expect((await lookUp(verge, by("AccessKeyId", "AKIANOBODY"))).Events).toEqual([]);
    expect((await lookUp(verge, by("Username", "root"))).Events.length).toBeGreaterThan(3);
  });

  test("goes on where a page ended, with the same parameters", async () => {
    const first = await lookUp(verge, { ...creations, MaxResults: 2 });
    expect(first.Events).toHaveLength(2);
    const second = await lookUp(verge, { ...creations, MaxResults: 2, NextToken: first.NextToken });
    expect(second.NextToken).toBeUndefined();
    expect([...first.Events, ...second.Events]).toEqual((await lookUp(verge, creations)).Events);
    for (const input of [{ NextToken: first.NextToken }, { ...creations, NextToken: "x" }]) {
      expect(await callCloudTrail(verge, "LookupEvents", input)).toMatchObject({
        status: 400,
        answer: { __type: "InvalidNextTokenException" },
      });
    }
  });

  test("keeps to the times that are given", async () => {
    const now = Date.now() / 1_000;
    expect(await bucketsOf({ ...creations, StartTime: now + 60 })).toEqual([]);
    expect(await bucketsOf({ ...creations, EndTime: now - 3_600 })).toEqual([]);
    expect(await bucketsOf({ ...creations, StartTime: now - 3_600, EndTime: now + 60 })).toHaveLength(3);
  });

  test.each([
    ["InvalidLookupAttributesException", by("Region", "x")],
    ["InvalidLookupAttributesException", by("ReadOnly", "yes")],
    [
      "InvalidLookupAttributesException",
      { LookupAttributes: [...creations.LookupAttributes, ...creations.LookupAttributes] },
    ],
    ["InvalidMaxResultsException", { MaxResults: 51 }],
    ["InvalidMaxResultsException", { MaxResults: 0 }],
    ["InvalidTimeRangeException", { StartTime: 2, EndTime: 1 }],
    ["InvalidEventCategoryException", { EventCategory: "data" }],
    ["SerializationException", { MaxResults: "many" }],
  ])("answers %s to %j", async (code, input) => {
    const { status, answer } = await callCloudTrail(verge, "LookupEvents", input);
    expect([status, answer["__type"]]).toEqual([400, code]);
  });

  test("shows an account its own trail, and users what their policies allow", async () => {
    const other = await addAccount(verge, "neighbour");
    expect((await lookUp(verge, creations, other.credentials)).Events).toEqual([]);
    const { iam } = clientsOf(verge);
    const blind = await makeUser(iam, "blind");
    expect(await callCloudTrail(verge, "LookupEvents", {}, blind)).toMatchObject({
      answer: { __type: "AccessDeniedException" },
    });
    const auditor = await makeUser(iam, "auditor", {
      Effect: "Allow",
      Action: "cloudtrail:LookupEvents",
      Resource: "*",
    });
    expect((await lookUp(verge, creations, auditor)).Events).toHaveLength(3);
  });
});

test("there are no trails, and what makes some is refused by name", async () => {
  expect((await callCloudTrail(verge, "DescribeTrails", {})).answer).toEqual({ trailList: [] });
  expect((await callCloudTrail(verge, "GetTrailStatus", { Name: "t" })).answer["__type"]).toBe(
    "TrailNotFoundException",
  );
  const { status, answer } = await callCloudTrail(verge, "CreateTrail", { Name: "t", S3BucketName: "first" });
  expect([status, answer["__type"]]).toEqual([400, "UnsupportedOperationException"]);
  expect(answer["message"]).toContain("CreateTrail");
  expect((await callCloudTrail(verge, "Dance", {})).answer["__type"]).toBe("UnknownOperationException");
});
