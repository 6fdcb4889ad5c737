import {
  AssociateAliasCommand,
  type CloudFrontClient,
  CreateDistributionCommand,
  CreateDistributionWithTagsCommand,
  DeleteDistributionCommand,
  type DistributionConfig,
  GetDistributionCommand,
  GetDistributionConfigCommand,
  ListConflictingAliasesCommand,
  ListDistributionsByCachePolicyIdCommand,
  ListDistributionsCommand,
  ListTagsForResourceCommand,
  paginateListDistributions,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateDistributionCommand,
} from "@aws-sdk/client-cloudfront";
import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import {
  CACHING_OPTIMIZED,
  createCloudFrontClient,
  createDistribution,
  describeDistribution,
} from "../../support/cloudfront.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

const disable = async (id: string): Promise<string> => {
  const { DistributionConfig, ETag } = await cloudFront.send(new GetDistributionConfigCommand({ Id: id }));
  const changed = await cloudFront.send(
    new UpdateDistributionCommand({
      Id: id,
      IfMatch: ETag,
      DistributionConfig: { ...DistributionConfig!, Enabled: false },
    }),
  );
  return changed.ETag!;
};

describe("a distribution", () => {
  it("is created, read, changed, disabled and deleted", async () => {
    const { Distribution, ETag, Location } = await createDistribution(cloudFront, { Comment: "first" });
    expect(Distribution).toMatchObject({
      ARN: expect.stringMatching(/^arn:aws:cloudfront::\d{12}:distribution\/E[0-9A-Z]{13}$/),
      DomainName: `${Distribution.Id!.toLowerCase()}.cdn.localhost`,
      Status: "InProgress",
      InProgressInvalidationBatches: 0,
      DistributionConfig: {
        Comment: "first",
        Aliases: { Quantity: 0 },
        DefaultRootObject: "",
        PriceClass: "PriceClass_All",
        HttpVersion: "http2",
        IsIPV6Enabled: true,
        Restrictions: { GeoRestriction: { RestrictionType: "none", Quantity: 0 } },
        DefaultCacheBehavior: {
          CachePolicyId: CACHING_OPTIMIZED,
          AllowedMethods: { Quantity: 2, Items: ["HEAD", "GET"], CachedMethods: { Quantity: 2 } },
        },
      },
    });
    expect(Location).toBe(`${verge.endpoint}/2020-05-31/distribution/${Distribution.Id}`);

    const Id = Distribution.Id!;
    const read = await cloudFront.send(new GetDistributionConfigCommand({ Id }));
    expect(read.ETag).toBe(ETag);
    expect(read.DistributionConfig).toEqual(Distribution.DistributionConfig);
    await expect(cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: ETag }))).rejects.toMatchObject({
      name: "DistributionNotDisabled",
      $metadata: { httpStatusCode: 409 },
    });

    const next = await disable(Id);
    expect(next).not.toBe(ETag);
    await expect(cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: ETag }))).rejects.toMatchObject({
      name: "PreconditionFailed",
      $metadata: { httpStatusCode: 412 },
    });
    await cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: next }));
    await expect(cloudFront.send(new GetDistributionCommand({ Id }))).rejects.toMatchObject({
      name: "NoSuchDistribution",
      $metadata: { httpStatusCode: 404 },
    });
  });

  it("comes back as it was written, with everything that it may have", async () => {
    const lambda = createLambdaClient(verge);
    const { FunctionArn } = await lambda.send(
      new PublishVersionCommand({ FunctionName: await createFunction(lambda) }),
    );
    const written: DistributionConfig = describeDistribution({
      Aliases: { Quantity: 2, Items: ["www.full.example", "*.full.example"] },
      DefaultRootObject: "index.html",
      Origins: {
        Quantity: 2,
        Items: [
          {
            Id: "bucket",
            DomainName: "photos.s3.us-east-1.amazonaws.com",
            OriginPath: "/public",
            CustomHeaders: { Quantity: 1, Items: [{ HeaderName: "X-Secret", HeaderValue: "a & b" }] },
            S3OriginConfig: { OriginAccessIdentity: "", OriginReadTimeout: 30 },
            ConnectionAttempts: 2,
            ConnectionTimeout: 5,
            OriginShield: { Enabled: false },
            OriginAccessControlId: "",
          },
          {
            Id: "origin",
            DomainName: "origin.example.com",
            OriginPath: "",
            CustomHeaders: { Quantity: 0 },
            CustomOriginConfig: {
              HTTPPort: 8080,
              HTTPSPort: 8443,
              OriginProtocolPolicy: "match-viewer",
              OriginSslProtocols: { Quantity: 1, Items: ["TLSv1.2"] },
              OriginReadTimeout: 60,
              OriginKeepaliveTimeout: 10,
            },
            ConnectionAttempts: 3,
            ConnectionTimeout: 10,
            OriginShield: { Enabled: true, OriginShieldRegion: "eu-west-1" },
            OriginAccessControlId: "",
          },
        ],
      },
      OriginGroups: {
        Quantity: 1,
        Items: [
          {
            Id: "group",
            FailoverCriteria: { StatusCodes: { Quantity: 2, Items: [500, 404] } },
            Members: { Quantity: 2, Items: [{ OriginId: "origin" }, { OriginId: "bucket" }] },
            SelectionCriteria: "default",
          },
        ],
      },
      DefaultCacheBehavior: {
        TargetOriginId: "group",
        TrustedSigners: { Enabled: false, Quantity: 0 },
        TrustedKeyGroups: { Enabled: false, Quantity: 0 },
        ViewerProtocolPolicy: "redirect-to-https",
        AllowedMethods: {
          Quantity: 3,
          Items: ["GET", "HEAD", "OPTIONS"],
          CachedMethods: { Quantity: 3, Items: ["GET", "HEAD", "OPTIONS"] },
        },
        SmoothStreaming: false,
        Compress: true,
        LambdaFunctionAssociations: {
          Quantity: 1,
          Items: [
            {
              LambdaFunctionARN: FunctionArn!,
              EventType: "origin-request",
              IncludeBody: true,
            },
          ],
        },
        FunctionAssociations: { Quantity: 0 },
        FieldLevelEncryptionId: "",
        GrpcConfig: { Enabled: false },
        ForwardedValues: {
          QueryString: true,
          Cookies: { Forward: "whitelist", WhitelistedNames: { Quantity: 1, Items: ["session"] } },
          Headers: { Quantity: 1, Items: ["Origin"] },
          QueryStringCacheKeys: { Quantity: 1, Items: ["page"] },
        },
        MinTTL: 0,
        DefaultTTL: 60,
        MaxTTL: 600,
      },
      CacheBehaviors: { Quantity: 0 },
      CustomErrorResponses: {
        Quantity: 1,
        Items: [{ ErrorCode: 404, ResponsePagePath: "/404.html", ResponseCode: "200", ErrorCachingMinTTL: 30 }],
      },
      Logging: { Enabled: true, IncludeCookies: true, Bucket: "logs.s3.amazonaws.com", Prefix: "cdn/" },
      PriceClass: "PriceClass_100",
      ViewerCertificate: {
        CloudFrontDefaultCertificate: false,
        ACMCertificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/a",
        SSLSupportMethod: "sni-only",
        MinimumProtocolVersion: "TLSv1.2_2021",
      },
      Restrictions: { GeoRestriction: { RestrictionType: "whitelist", Quantity: 2, Items: ["SE", "FR"] } },
      WebACLId: "acl",
      HttpVersion: "http3",
      IsIPV6Enabled: false,
      ContinuousDeploymentPolicyId: "",
      Staging: false,
      CacheTagConfig: { HeaderName: "Cache-Tag" },
    });
    const { Distribution } = await cloudFront.send(new CreateDistributionCommand({ DistributionConfig: written }));
    const { DistributionConfig: read } = await cloudFront.send(
      new GetDistributionConfigCommand({ Id: Distribution!.Id }),
    );
    expect(read).toEqual(written);
  });

  it("belongs to one caller reference", async () => {
    const { Distribution } = await createDistribution(cloudFront);
    const { CallerReference } = Distribution.DistributionConfig!;
    await expect(createDistribution(cloudFront, { CallerReference: CallerReference! })).rejects.toMatchObject({
      name: "DistributionAlreadyExists",
      message: expect.stringContaining(`Already exists: ${Distribution.Id}`),
      $metadata: { httpStatusCode: 409 },
    });
  });

  it("is seen by clients that sign for any region, as CloudFront is everywhere", async () => {
    const { Distribution } = await createDistribution(cloudFront);
    const elsewhere = createCloudFrontClient(verge, { region: "ap-southeast-2" });
    const { ETag } = await elsewhere.send(new GetDistributionCommand({ Id: Distribution.Id }));
    expect(ETag).toBeTruthy();
  });

  it("needs a version to be changed", async () => {
    const { Distribution } = await createDistribution(cloudFront);
    const change = { Id: Distribution.Id!, DistributionConfig: Distribution.DistributionConfig! };
    await expect(cloudFront.send(new UpdateDistributionCommand(change))).rejects.toMatchObject({
      name: "InvalidIfMatchVersion",
      $metadata: { httpStatusCode: 400 },
    });
    await expect(
      cloudFront.send(new UpdateDistributionCommand({ ...change, IfMatch: "E2QWRUHAPOMQZL" })),
    ).rejects.toMatchObject({ name: "PreconditionFailed" });
  });
});

describe("aliases", () => {
  const withAliases = (...Items: string[]) =>
    createDistribution(cloudFront, { Aliases: { Quantity: Items.length, Items } });

  it("are one distribution's, and free once it is gone", async () => {
    const { Distribution } = await withAliases("one.aliases.example");
    await expect(withAliases("ONE.aliases.example")).rejects.toMatchObject({
      name: "CNAMEAlreadyExists",
      $metadata: { httpStatusCode: 409 },
    });
    await cloudFront.send(
      new DeleteDistributionCommand({ Id: Distribution.Id, IfMatch: await disable(Distribution.Id!) }),
    );
    await expect(withAliases("one.aliases.example")).resolves.toBeDefined();
  });

  it("move from one distribution to another", async () => {
    const { Distribution: from } = await withAliases("move.aliases.example", "stay.aliases.example");
    const { Distribution: to } = await createDistribution(cloudFront);
    await cloudFront.send(new AssociateAliasCommand({ TargetDistributionId: to.Id, Alias: "move.aliases.example" }));
    const aliasesOf = async (Id: string) =>
      (await cloudFront.send(new GetDistributionConfigCommand({ Id }))).DistributionConfig!.Aliases;
    expect(await aliasesOf(from.Id!)).toEqual({ Quantity: 1, Items: ["stay.aliases.example"] });
    expect(await aliasesOf(to.Id!)).toEqual({ Quantity: 1, Items: ["move.aliases.example"] });
  });

  it("conflict with the wildcards above them", async () => {
    const { Distribution } = await withAliases("*.conflict.example");
    const { ConflictingAliasesList } = await cloudFront.send(
      new ListConflictingAliasesCommand({ DistributionId: Distribution.Id, Alias: "www.conflict.example" }),
    );
    expect(ConflictingAliasesList).toMatchObject({
      Quantity: 1,
      Items: [{ Alias: "*.conflict.example", DistributionId: expect.stringMatching(/^\*{9}/) }],
    });
  });

  it("are never hosts of the deployment", async () => {
    await expect(withAliases("photos.localhost")).rejects.toMatchObject({ name: "CNAMEAlreadyExists" });
  });

  it("are not for accounts that the deployment has given none", async () => {
    const theirs = createCloudFrontClient(verge, await addAccount(verge, "aliases"));
    await expect(
      createDistribution(theirs, { Aliases: { Quantity: 1, Items: ["theirs.example.com"] } }),
    ).rejects.toMatchObject({ name: "InvalidViewerCertificate", $metadata: { httpStatusCode: 400 } });
  });
});

it("lists distributions in pages, and those with a policy", async () => {
  const all: string[] = [];
  for await (const { DistributionList } of paginateListDistributions({ client: cloudFront, pageSize: 2 }, {})) {
    expect(DistributionList).toMatchObject({ MaxItems: 2 });
    all.push(...(DistributionList?.Items ?? []).map(({ Id }) => Id!));
  }
  const { DistributionList } = await cloudFront.send(new ListDistributionsCommand({}));
  expect(all).toEqual(DistributionList!.Items!.map(({ Id }) => Id));
  expect(new Set(all).size).toBe(all.length);
  expect(all.length).toBeGreaterThan(2);
  const { DistributionIdList } = await cloudFront.send(
    new ListDistributionsByCachePolicyIdCommand({ CachePolicyId: CACHING_OPTIMIZED }),
  );
  const users = DistributionList!.Items!.filter(
    ({ DefaultCacheBehavior }) => DefaultCacheBehavior!.CachePolicyId === CACHING_OPTIMIZED,
  );
  expect(DistributionIdList!.Items).toEqual(users.map(({ Id }) => Id));
  expect(users.length).toBeLessThan(all.length);
});

it("keeps tags", async () => {
  const { Distribution } = await cloudFront.send(
    new CreateDistributionWithTagsCommand({
      DistributionConfigWithTags: {
        DistributionConfig: describeDistribution(),
        Tags: { Items: [{ Key: "team", Value: "web" }] },
      },
    }),
  );
  const Resource = Distribution!.ARN!;
  await cloudFront.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: "stage", Value: "test" }] } }));
  await cloudFront.send(new UntagResourceCommand({ Resource, TagKeys: { Items: ["team"] } }));
  const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource }));
  expect(Tags).toEqual({ Items: [{ Key: "stage", Value: "test" }] });
});
