import {
  type CloudFrontClient,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DescribeFunctionCommand,
  GetFunctionCommand,
  ListFunctionsCommand,
  ListTagsForResourceCommand,
  PublishFunctionCommand,
  TagResourceCommand,
  TestFunctionCommand,
  UpdateFunctionCommand,
} from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CACHING_OPTIMIZED, createCloudFrontClient, createDistribution } from "../../support/cloudfront.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

const CODE = "function handler(event) { return event.request; } // ü";
const FunctionConfig = { Comment: "passes", Runtime: "cloudfront-js-2.0" } as const;
const create = (Name: string, code = CODE) =>
  cloudFront.send(new CreateFunctionCommand({ Name, FunctionConfig, FunctionCode: new TextEncoder().encode(code) }));
const read = async (Name: string, Stage: "DEVELOPMENT" | "LIVE") => {
  const { FunctionCode, ETag } = await cloudFront.send(new GetFunctionCommand({ Name, Stage }));
  return { code: new TextDecoder().decode(FunctionCode), ETag };
};

it("a function is written, published, changed, published again and deleted", async () => {
  const Name = "life";
  const created = await create(Name);
  expect(created.FunctionSummary).toMatchObject({
    Name,
    Status: "UNPUBLISHED",
    FunctionConfig,
    FunctionMetadata: {
      FunctionARN: expect.stringMatching(/^arn:aws:cloudfront::\d{12}:function\/life$/),
      Stage: "DEVELOPMENT",
    },
  });
  await expect(create(Name)).rejects.toMatchObject({ name: "FunctionAlreadyExists" });
  await expect(read(Name, "LIVE")).rejects.toMatchObject({ name: "NoSuchFunctionExists" });

  const published = await cloudFront.send(new PublishFunctionCommand({ Name, IfMatch: created.ETag }));
  expect(published.FunctionSummary).toMatchObject({ Status: "UNASSOCIATED", FunctionMetadata: { Stage: "LIVE" } });
  expect((await read(Name, "LIVE")).code).toBe(CODE);

  // What is being written has the version that it had.
  const changed = await cloudFront.send(
    new UpdateFunctionCommand({ Name, IfMatch: created.ETag, FunctionConfig, FunctionCode: Buffer.from("second") }),
  );
  expect(changed.ETag).not.toBe(created.ETag);
  expect(await read(Name, "DEVELOPMENT")).toEqual({ code: "second", ETag: changed.ETag });
  expect((await read(Name, "LIVE")).code).toBe(CODE);
  await expect(cloudFront.send(new PublishFunctionCommand({ Name, IfMatch: created.ETag }))).rejects.toMatchObject({
    name: "PreconditionFailed",
  });
  await cloudFront.send(new PublishFunctionCommand({ Name, IfMatch: changed.ETag }));
  expect((await read(Name, "LIVE")).code).toBe("second");

  await cloudFront.send(new DeleteFunctionCommand({ Name, IfMatch: changed.ETag }));
  await expect(cloudFront.send(new DescribeFunctionCommand({ Name }))).rejects.toMatchObject({
    name: "NoSuchFunctionExists",
  });
});

it("a function runs for distributions once it is published, and stays while it does", async () => {
  const Name = "used";
  const { FunctionSummary, ETag } = await create(Name);
  const FunctionARN = FunctionSummary!.FunctionMetadata!.FunctionARN!;
  const attach = () =>
    createDistribution(cloudFront, {
      DefaultCacheBehavior: {
        TargetOriginId: "origin",
        ViewerProtocolPolicy: "allow-all",
        CachePolicyId: CACHING_OPTIMIZED,
        FunctionAssociations: { Quantity: 1, Items: [{ FunctionARN, EventType: "viewer-request" }] },
      },
    });
  await expect(attach()).rejects.toMatchObject({ name: "InvalidFunctionAssociation" });
  await cloudFront.send(new PublishFunctionCommand({ Name, IfMatch: ETag }));
  await attach();
  const described = await cloudFront.send(new DescribeFunctionCommand({ Name, Stage: "LIVE" }));
  expect(described.FunctionSummary!.Status).toBe("DEPLOYED");
  await expect(cloudFront.send(new DeleteFunctionCommand({ Name, IfMatch: ETag }))).rejects.toMatchObject({
    name: "FunctionInUse",
  });
});

it("functions are listed by stage, and have tags", async () => {
  const { FunctionSummary } = await create("draft");
  const names = async (Stage?: "DEVELOPMENT" | "LIVE") => {
    const { FunctionList } = await cloudFront.send(new ListFunctionsCommand({ Stage }));
    return FunctionList!.Items!.map((item) => `${item.Name} ${item.FunctionMetadata!.Stage}`);
  };
  expect(await names("LIVE")).toEqual(["used LIVE"]);
  expect(await names("DEVELOPMENT")).toEqual(["draft DEVELOPMENT", "used DEVELOPMENT"]);
  expect(await names()).toHaveLength(3);
  const Resource = FunctionSummary!.FunctionMetadata!.FunctionARN!;
  await cloudFront.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: "a", Value: "b" }] } }));
  const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource }));
  expect(Tags).toEqual({ Items: [{ Key: "a", Value: "b" }] });
});

it("code is bounded", async () => {
  await expect(create("long", "x".repeat(10_241))).rejects.toMatchObject({
    name: "FunctionSizeLimitExceeded",
    $metadata: { httpStatusCode: 413 },
  });
});

it("a function is tested on an event, before it is published", async () => {
  const Name = "tested";
  const code = `function handler(event) {
    console.log("saw " + event.request.uri);
    if (event.request.uri === "/fail") null.x;
    if (event.request.uri === "/store") require("cloudfront").kvs();
    event.request.headers.added = { value: require("crypto").createHash("md5").update("x").digest("hex") };
    return event.request;
  }`;
  const { ETag } = await create(Name, code);
  const run = (uri: string) =>
    cloudFront.send(
      new TestFunctionCommand({
        Name,
        IfMatch: ETag,
        EventObject: Buffer.from(JSON.stringify({ version: "1.0", request: { method: "GET", uri, headers: {} } })),
      }),
    );

  const { TestResult } = await run("/ok");
  expect(TestResult).toMatchObject({
    FunctionSummary: { Name, Status: "UNPUBLISHED" },
    FunctionExecutionLogs: ["saw /ok"],
  });
  expect(TestResult?.FunctionErrorMessage || undefined).toBeUndefined();
  expect(Number(TestResult?.ComputeUtilization)).toBeGreaterThanOrEqual(0);
  expect(JSON.parse(TestResult?.FunctionOutput ?? "")).toEqual({
    request: { method: "GET", uri: "/ok", headers: { added: { value: "9dd4e461268c8034f5c8564e155c67a6" } } },
  });
  expect((await run("/fail")).TestResult?.FunctionErrorMessage).toContain("TypeError");
  expect((await run("/store")).TestResult?.FunctionErrorMessage).toContain("cf.kvs is not supported");
  await expect(
    cloudFront.send(new TestFunctionCommand({ Name, IfMatch: "E1234567890ABC", EventObject: Buffer.from("{}") })),
  ).rejects.toMatchObject({ name: "InvalidIfMatchVersion" });
  await expect(
    cloudFront.send(new TestFunctionCommand({ Name, IfMatch: ETag, EventObject: Buffer.from("[]") })),
  ).rejects.toMatchObject({ name: "InvalidArgument" });
});
