import {
  type CloudFrontClient,
  CreateCloudFrontOriginAccessIdentityCommand,
  CreateOriginAccessControlCommand,
  ListDistributionsByCachePolicyIdCommand,
  ListDistributionsByKeyGroupCommand,
  ListDistributionsByOriginRequestPolicyIdCommand,
  ListDistributionsByResponseHeadersPolicyIdCommand,
  type Origin,
  type OriginAccessControlOriginTypes,
} from "@aws-sdk/client-cloudfront";
import { PublishVersionCommand } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  CACHING_OPTIMIZED,
  createCloudFrontClient,
  createDistribution,
  describeDistribution,
} from "../../support/cloudfront.ts";
import { createFunction, createLambdaClient } from "../../support/lambda.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

const MISSING = "0b1f3f5c-0000-4000-8000-000000000000";

test.each([
  ["NoSuchCachePolicy", () => cloudFront.send(new ListDistributionsByCachePolicyIdCommand({ CachePolicyId: MISSING }))],
  [
    "NoSuchOriginRequestPolicy",
    () => cloudFront.send(new ListDistributionsByOriginRequestPolicyIdCommand({ OriginRequestPolicyId: MISSING })),
  ],
  [
    "NoSuchResponseHeadersPolicy",
    () => cloudFront.send(new ListDistributionsByResponseHeadersPolicyIdCommand({ ResponseHeadersPolicyId: MISSING })),
  ],
  ["NoSuchResource", () => cloudFront.send(new ListDistributionsByKeyGroupCommand({ KeyGroupId: MISSING }))],
])("distributions are listed by what exists: %s", async (name, list) => {
  await expect(list()).rejects.toMatchObject({ name });
});

test("managed policies that nothing uses exist as well", async () => {
  const listed = await cloudFront.send(
    new ListDistributionsByCachePolicyIdCommand({ CachePolicyId: "b2884449-e4de-46a7-ac36-70bc7f1ddd6d" }),
  );
  expect(listed.DistributionIdList).toMatchObject({ Quantity: 0 });
});

describe("a Lambda function of a behaviour", () => {
  const associate = (LambdaFunctionARN: string) =>
    createDistribution(cloudFront, {
      DefaultCacheBehavior: {
        TargetOriginId: "origin",
        ViewerProtocolPolicy: "allow-all",
        CachePolicyId: CACHING_OPTIMIZED,
        LambdaFunctionAssociations: { Quantity: 1, Items: [{ LambdaFunctionARN, EventType: "origin-request" }] },
      },
    });

  test("is a version that exists, of the distribution's own account", async () => {
    const lambda = createLambdaClient(verge);
    const FunctionName = await createFunction(lambda);
    const { FunctionArn } = await lambda.send(new PublishVersionCommand({ FunctionName }));
    await expect(associate(FunctionArn!)).resolves.toBeDefined();
    const refused = { name: "InvalidLambdaFunctionAssociation" };
    await expect(associate(FunctionArn!.replace(/:1$/, ":2"))).rejects.toMatchObject(refused);
    await expect(associate(FunctionArn!.replace(/\d{12}/, "999999999999"))).rejects.toMatchObject(refused);
  });
});

describe("an origin access control", () => {
  const describeOrigin = (OriginAccessControlId: string, changes: Partial<Origin>): Origin => ({
    ...describeDistribution().Origins!.Items![0]!,
    OriginAccessControlId,
    ...changes,
  });
  const bucket: Partial<Origin> = {
    DomainName: "photos.s3.us-east-1.amazonaws.com",
    CustomOriginConfig: undefined,
    S3OriginConfig: { OriginAccessIdentity: "" },
  };
  const functionUrl = { DomainName: `${"a".repeat(32)}.lambda-url.us-east-1.on.aws` };
  const place = async (OriginAccessControlOriginType: OriginAccessControlOriginTypes, changes: Partial<Origin>) => {
    const { OriginAccessControl } = await cloudFront.send(
      new CreateOriginAccessControlCommand({
        OriginAccessControlConfig: {
          Name: crypto.randomUUID(),
          SigningProtocol: "sigv4",
          SigningBehavior: "always",
          OriginAccessControlOriginType,
        },
      }),
    );
    return createDistribution(cloudFront, {
      Origins: { Quantity: 1, Items: [describeOrigin(OriginAccessControl!.Id!, changes)] },
    });
  };

  test("is taken where it signs, for buckets and functions", async () => {
    await expect(place("s3", bucket)).resolves.toBeDefined();
    await expect(place("lambda", functionUrl)).resolves.toBeDefined();
  });

  test.each<[string, OriginAccessControlOriginTypes, Partial<Origin>]>([
    ["of S3 at a web server", "s3", {}],
    ["of S3 at a function", "s3", functionUrl],
    ["of Lambda at a bucket", "lambda", bucket],
    ["of MediaStore at a web server", "mediastore", {}],
  ])("%s is refused", async (_, type, origin) => {
    await expect(place(type, origin)).rejects.toMatchObject({ name: "InvalidDomainNameForOriginAccessControl" });
  });
});

test("an origin access identity is a principal of bucket policies, by its ARN and by its canonical id", async () => {
  const s3 = createS3Client(verge);
  const Bucket = "for-an-identity";
  await s3.send(new CreateBucketCommand({ Bucket }));
  const { CloudFrontOriginAccessIdentity } = await cloudFront.send(
    new CreateCloudFrontOriginAccessIdentityCommand({
      CloudFrontOriginAccessIdentityConfig: { CallerReference: "identity", Comment: "" },
    }),
  );
  const { Id, S3CanonicalUserId } = CloudFrontOriginAccessIdentity!;
  const put = (Principal: object) => {
    const Statement = { Effect: "Allow", Principal, Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/*` };
    return s3.send(
      new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    );
  };
  await put({ AWS: `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity ${Id}` });
  await put({ CanonicalUser: S3CanonicalUserId });
  const refused = { name: "MalformedPolicy" };
  await expect(put({ AWS: "arn:aws:iam::cloudfront:user/somebody" })).rejects.toMatchObject(refused);
  await expect(put({ CanonicalUser: "0".repeat(96) })).rejects.toMatchObject(refused);
});
