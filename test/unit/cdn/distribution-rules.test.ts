import { describe, expect, it } from "vitest";
import { completeDistribution } from "../../../src/cdn/control/distribution-defaults.ts";
import { checkDistribution } from "../../../src/cdn/control/distribution-rules.ts";
import type {
  CacheBehaviorSettings,
  DistributionConfig,
  Origin,
} from "../../../src/metadata/cdn/distribution-config.ts";
import { distributionConfig } from "../../support/cdn.ts";

const DOMAIN = "verge.example";
const check = (changes: Partial<DistributionConfig>) =>
  checkDistribution(completeDistribution(distributionConfig(changes)), {
    domain: DOMAIN,
    apiHosts: ["api.example.net"],
    account: { id: "123456789012", root: true },
    aliasGrants: [],
  });

const base = distributionConfig();
const [origin] = base.Origins as [Origin];
const { CustomOriginConfig: custom, ...bare } = origin;
const behavior = base.DefaultCacheBehavior;
const { ForwardedValues: forwarded, MinTTL: _min, DefaultTTL: _default, MaxTTL: _max, ...policyless } = behavior;

const withOrigin = (changes: Partial<Origin>) => ({ Origins: [{ ...origin, ...changes }] });
const withBehavior = (changes: Partial<CacheBehaviorSettings>) => ({
  DefaultCacheBehavior: { ...behavior, ...changes },
});
const withBucket = (changes: Partial<Origin>) => ({
  Origins: [
    {
      ...bare,
      DomainName: "photos.s3.amazonaws.com",
      S3OriginConfig: { OriginAccessIdentity: "", OriginReadTimeout: 30 },
      ...changes,
    },
  ],
});
const group = {
  Id: "group",
  FailoverCriteria: { StatusCodes: [500] },
  Members: [{ OriginId: "origin" }, { OriginId: "second" }],
};
const error = { ErrorCode: 404, ResponsePagePath: "", ResponseCode: "", ErrorCachingMinTTL: 10 };
const lambda = "arn:aws:lambda:us-east-1:123456789012:function:f:1";
const fn = "arn:aws:cloudfront::123456789012:function/f";

describe("a configuration is taken", () => {
  it.each<[string, Partial<DistributionConfig>]>([
    ["as simple as can be", {}],
    ["with a bucket", withBucket({})],
    ["with a bucket by its region", withBucket({ DomainName: "my.photos.s3.eu-west-1.amazonaws.com" })],
    ["with a bucket by this deployment's name", withBucket({ DomainName: `photos.s3.${DOMAIN}` })],
    ["with an origin on this machine", withOrigin({ DomainName: "127.0.0.1" })],
    ["with an alias", { Aliases: ["WWW.example.com", "*.example.org"] }],
    ["with a group of origins", { Origins: [origin, { ...origin, Id: "second" }], OriginGroups: [group] }],
    ["with a policy", { DefaultCacheBehavior: { ...policyless, CachePolicyId: "policy" } }],
    ["with a path pattern", { CacheBehaviors: [{ ...behavior, PathPattern: "/images/*.jp?g" }] }],
  ])("%s", (_, changes) => {
    expect(() => check(changes)).not.toThrow();
  });
});

describe("CloudFront's own error for", () => {
  it.each<[string, string, Partial<DistributionConfig>]>([
    ["no origin", "InvalidArgument", { Origins: [] }],
    ["an origin that is no host", "InvalidArgument", withOrigin({ DomainName: "https://example.com" })],
    ["a bucket that is none", "InvalidArgument", withBucket({ DomainName: "example.com" })],
    ["both kinds of origin", "InvalidArgument", withBucket({ CustomOriginConfig: custom! })],
    ["a path that ends with a slash", "InvalidArgument", withOrigin({ OriginPath: "/a/" })],
    ["a port below 1024", "InvalidArgument", withOrigin({ CustomOriginConfig: { ...custom!, HTTPPort: 81 } })],
    [
      "a time without end",
      "InvalidOriginReadTimeout",
      withOrigin({ CustomOriginConfig: { ...custom!, OriginReadTimeout: 999 } }),
    ],
    [
      "a header that CloudFront sets",
      "InvalidArgument",
      withOrigin({ CustomHeaders: [{ HeaderName: "Host", HeaderValue: "a" }] }),
    ],
    [
      "two ways of access",
      "IllegalOriginAccessConfiguration",
      withBucket({
        S3OriginConfig: { OriginAccessIdentity: "origin-access-identity/cloudfront/E1", OriginReadTimeout: 30 },
        OriginAccessControlId: "E2",
      }),
    ],
    ["a group of strangers", "NoSuchOrigin", { OriginGroups: [group] }],
    ["a target that is none", "NoSuchOrigin", withBehavior({ TargetOriginId: "other" })],
    [
      "a strange set of methods",
      "InvalidArgument",
      withBehavior({ AllowedMethods: { Items: ["GET"], CachedMethods: ["GET"] } }),
    ],
    ["times out of order", "InvalidTTLOrder", withBehavior({ MinTTL: 10, DefaultTTL: 5 })],
    ["a policy beside legacy settings", "InvalidArgument", withBehavior({ CachePolicyId: "policy" })],
    ["neither", "InvalidArgument", { DefaultCacheBehavior: policyless }],
    ["an origin request policy alone", "InvalidArgument", withBehavior({ OriginRequestPolicyId: "policy" })],
    [
      "cookies that are named and not forwarded",
      "InvalidForwardCookies",
      withBehavior({ ForwardedValues: { ...forwarded!, Cookies: { Forward: "none", WhitelistedNames: ["a"] } } }),
    ],
    [
      "trusted signers",
      "TrustedSignerDoesNotExist",
      withBehavior({ TrustedSigners: { Enabled: true, Items: ["self"] } }),
    ],
    [
      "key groups that are not enabled",
      "InvalidArgument",
      withBehavior({ TrustedKeyGroups: { Enabled: false, Items: ["a"] } }),
    ],
    [
      "a function at the origin",
      "InvalidFunctionAssociation",
      withBehavior({ FunctionAssociations: [{ FunctionARN: fn, EventType: "origin-request" }] }),
    ],
    [
      "two kinds of functions at the viewer",
      "InvalidFunctionAssociation",
      withBehavior({
        FunctionAssociations: [{ FunctionARN: fn, EventType: "viewer-request" }],
        LambdaFunctionAssociations: [{ LambdaFunctionARN: lambda, EventType: "viewer-response", IncludeBody: false }],
      }),
    ],
    [
      "a Lambda function without a version",
      "InvalidLambdaFunctionAssociation",
      withBehavior({
        LambdaFunctionAssociations: [
          { LambdaFunctionARN: lambda.slice(0, -2), EventType: "origin-request", IncludeBody: false },
        ],
      }),
    ],
    [
      "a pattern twice",
      "InvalidArgument",
      {
        CacheBehaviors: [
          { ...behavior, PathPattern: "/a" },
          { ...behavior, PathPattern: "/a" },
        ],
      },
    ],
    ["field-level encryption", "InvalidArgument", withBehavior({ FieldLevelEncryptionId: "C1" })],
    ["an alias of the deployment", "CNAMEAlreadyExists", { Aliases: [`photos.s3.${DOMAIN}`] }],
    ["an alias that is an API's host", "CNAMEAlreadyExists", { Aliases: ["api.example.net"] }],
    ["a wildcard above an API's host", "CNAMEAlreadyExists", { Aliases: ["*.example.net"] }],
    ["an alias of the platform", "CNAMEAlreadyExists", { Aliases: ["verge.someone.workers.dev"] }],
    [
      "a configuration of megabytes",
      "InvalidArgument",
      withOrigin({ CustomHeaders: [{ HeaderName: "x", HeaderValue: "a".repeat(1_000_000) }] }),
    ],
    ["an alias that is no host", "InvalidArgument", { Aliases: ["example"] }],
    ["an alias twice", "InvalidArgument", { Aliases: ["a.example.com", "A.example.com"] }],
    ["an error that cannot be", "InvalidErrorCode", { CustomErrorResponses: [{ ...error, ErrorCode: 418 }] }],
    ["half of a page for an error", "InvalidArgument", { CustomErrorResponses: [{ ...error, ResponseCode: "200" }] }],
    [
      "a page that is no path",
      "InvalidRelativePath",
      { CustomErrorResponses: [{ ...error, ResponseCode: "200", ResponsePagePath: "a" }] },
    ],
    ["a root object with a slash", "InvalidDefaultRootObject", { DefaultRootObject: "/index.html" }],
    [
      "a country that is none",
      "InvalidLocationCode",
      { Restrictions: { GeoRestriction: { RestrictionType: "whitelist", Items: ["Sweden"] } } },
    ],
    [
      "countries without restriction",
      "InvalidGeoRestrictionParameter",
      { Restrictions: { GeoRestriction: { RestrictionType: "none", Items: ["SE"] } } },
    ],
    ["logs to nowhere", "InvalidArgument", { Logging: { ...base.Logging, Enabled: true } }],
    ["logs to no bucket", "InvalidArgument", { Logging: { ...base.Logging, Enabled: true, Bucket: "logs" } }],
    ["an empty caller reference", "InvalidArgument", { CallerReference: "" }],
  ])("%s", (_, code, changes) => {
    expect(() => check(changes)).toThrow(expect.objectContaining({ code }));
  });
});
