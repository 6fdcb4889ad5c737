import {
  type CloudFrontClient,
  CreateDistributionWithTagsCommand,
  CreateOriginAccessControlCommand,
  DeleteDistributionCommand,
  DeleteOriginAccessControlCommand,
  type DistributionConfig,
  GetDistributionCommand,
  GetOriginAccessControlCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UpdateDistributionCommand,
} from "@aws-sdk/client-cloudfront";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CACHING_OPTIMIZED, createCloudFrontClient } from "../support/cloudfront.ts";
import { startVerge, type Verge } from "../support/server.ts";

/**
 * The calls that Terraform makes, in its order, for aws_cloudfront_origin_access_control and
 * aws_cloudfront_distribution: create, refresh, change in place, destroy. Terraform itself would first download
 * its provider.
 */
let verge: Verge;
let cloudFront: CloudFrontClient;
beforeAll(async () => {
  verge = await startVerge();
  cloudFront = createCloudFrontClient(verge);
});
afterAll(() => verge.stop());

/** The provider writes every member that it has an attribute for, empty ones too. */
function describeSite(originAccessControlId: string, comment: string): DistributionConfig {
  const none = { Quantity: 0, Items: [] };
  return {
    CallerReference: "terraform-20261122000000000000000001",
    Aliases: { Quantity: 1, Items: ["site.terraform.example"] },
    Comment: comment,
    ContinuousDeploymentPolicyId: "",
    CustomErrorResponses: none,
    DefaultRootObject: "index.html",
    Enabled: true,
    HttpVersion: "http2and3",
    IsIPV6Enabled: true,
    Origins: {
      Quantity: 1,
      Items: [
        {
          Id: "bucket",
          DomainName: "site.s3.us-east-1.amazonaws.com",
          OriginPath: "",
          ConnectionAttempts: 3,
          ConnectionTimeout: 10,
          CustomHeaders: none,
          OriginAccessControlId: originAccessControlId,
          S3OriginConfig: { OriginAccessIdentity: "" },
        },
      ],
    },
    OriginGroups: none,
    CacheBehaviors: none,
    DefaultCacheBehavior: {
      TargetOriginId: "bucket",
      ViewerProtocolPolicy: "redirect-to-https",
      AllowedMethods: { Quantity: 2, Items: ["GET", "HEAD"], CachedMethods: { Quantity: 2, Items: ["GET", "HEAD"] } },
      CachePolicyId: CACHING_OPTIMIZED,
      OriginRequestPolicyId: "",
      ResponseHeadersPolicyId: "",
      RealtimeLogConfigArn: "",
      FieldLevelEncryptionId: "",
      Compress: true,
      SmoothStreaming: false,
      LambdaFunctionAssociations: none,
      FunctionAssociations: none,
      TrustedKeyGroups: { Enabled: false, ...none },
      TrustedSigners: { Enabled: false, ...none },
      GrpcConfig: { Enabled: false },
    },
    Logging: { Enabled: false, IncludeCookies: false, Bucket: "", Prefix: "" },
    PriceClass: "PriceClass_All",
    Restrictions: { GeoRestriction: { RestrictionType: "none", ...none } },
    Staging: false,
    ViewerCertificate: {
      ACMCertificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/a",
      MinimumProtocolVersion: "TLSv1.2_2021",
      SSLSupportMethod: "sni-only",
    },
    WebACLId: "",
  };
}

test("a site: created with tags, read back, changed in place, destroyed", async () => {
  const access = await cloudFront.send(
    new CreateOriginAccessControlCommand({
      OriginAccessControlConfig: {
        Name: "site",
        Description: "Managed by Terraform",
        SigningProtocol: "sigv4",
        SigningBehavior: "always",
        OriginAccessControlOriginType: "s3",
      },
    }),
  );
  const accessId = access.OriginAccessControl!.Id!;
  const { Distribution } = await cloudFront.send(
    new CreateDistributionWithTagsCommand({
      DistributionConfigWithTags: {
        DistributionConfig: describeSite(accessId, "one"),
        Tags: { Items: [{ Key: "Name", Value: "site" }] },
      },
    }),
  );
  const Id = Distribution!.Id!;
  const read = await cloudFront.send(new GetDistributionCommand({ Id }));
  expect(read.Distribution!.DistributionConfig).toMatchObject({
    Comment: "one",
    Aliases: { Items: ["site.terraform.example"] },
    ViewerCertificate: { ACMCertificateArn: expect.stringContaining("certificate/a"), SSLSupportMethod: "sni-only" },
    Origins: { Items: [{ OriginAccessControlId: accessId }] },
  });
  const Resource = read.Distribution!.ARN!;
  const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource }));
  expect(Tags!.Items).toEqual([{ Key: "Name", Value: "site" }]);

  const update = (config: DistributionConfig, IfMatch: string | undefined) =>
    cloudFront.send(new UpdateDistributionCommand({ Id, IfMatch, DistributionConfig: config }));
  const { ETag } = await update(describeSite(accessId, "two"), read.ETag);
  await cloudFront.send(new TagResourceCommand({ Resource, Tags: { Items: [{ Key: "Name", Value: "two" }] } }));

  const disabled = await update({ ...describeSite(accessId, "two"), Enabled: false }, ETag);
  await cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: disabled.ETag }));
  const control = await cloudFront.send(new GetOriginAccessControlCommand({ Id: accessId }));
  await cloudFront.send(new DeleteOriginAccessControlCommand({ Id: accessId, IfMatch: control.ETag }));
});
