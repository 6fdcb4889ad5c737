import type { CacheBehaviorSettings, Origin } from "../../../src/metadata/cdn/distribution-config.ts";
import type { CompiledDistribution } from "../../../src/metadata/cdn/protocol.ts";

/** A distribution before a web server on this machine: what the origin says is kept, behind so many behaviours. */
export function describeBenchDistribution(id: string, originPort: number, behaviors: number): CompiledDistribution {
  const origin: Origin = {
    Id: "web",
    DomainName: "127.0.0.1",
    OriginPath: "",
    CustomHeaders: [],
    CustomOriginConfig: {
      HTTPPort: originPort,
      HTTPSPort: 443,
      OriginProtocolPolicy: "http-only",
      OriginSslProtocols: ["TLSv1.2"],
      OriginReadTimeout: 30,
      OriginKeepaliveTimeout: 5,
    },
    ConnectionAttempts: 3,
    ConnectionTimeout: 10,
    OriginShield: { Enabled: false },
    OriginAccessControlId: "",
  };
  const behavior: CacheBehaviorSettings = {
    TargetOriginId: "web",
    TrustedSigners: { Enabled: false, Items: [] },
    TrustedKeyGroups: { Enabled: false, Items: [] },
    ViewerProtocolPolicy: "allow-all",
    AllowedMethods: { Items: ["GET", "HEAD"], CachedMethods: ["GET", "HEAD"] },
    SmoothStreaming: false,
    Compress: false,
    LambdaFunctionAssociations: [],
    FunctionAssociations: [],
    FieldLevelEncryptionId: "",
    GrpcConfig: { Enabled: false },
    CachePolicyId: "policy",
  };
  return {
    id,
    accountId: "000000000000",
    domainName: `${id.toLowerCase()}.cdn.localhost`,
    enabled: true,
    config: {
      CallerReference: "bench",
      Aliases: [],
      DefaultRootObject: "",
      Origins: [origin],
      OriginGroups: [],
      DefaultCacheBehavior: behavior,
      CacheBehaviors: Array.from({ length: behaviors }, (_, n) => ({
        ...behavior,
        PathPattern: `/section-${n}/*.html`,
      })),
      CustomErrorResponses: [],
      Comment: "",
      Logging: { Enabled: false, IncludeCookies: false, Bucket: "", Prefix: "" },
      Enabled: true,
      Restrictions: { GeoRestriction: { RestrictionType: "none", Items: [] } },
      PriceClass: "PriceClass_All",
      ViewerCertificate: { CloudFrontDefaultCertificate: true },
      WebACLId: "",
      HttpVersion: "http2",
      IsIPV6Enabled: true,
      ContinuousDeploymentPolicyId: "",
      Staging: false,
    },
    cachePolicies: {
      policy: {
        Name: "policy",
        Comment: "",
        MinTTL: 0,
        DefaultTTL: 0,
        MaxTTL: 31_536_000,
        ParametersInCacheKeyAndForwardedToOrigin: {
          EnableAcceptEncodingGzip: true,
          EnableAcceptEncodingBrotli: true,
          HeadersConfig: { HeaderBehavior: "none" },
          CookiesConfig: { CookieBehavior: "none" },
          QueryStringsConfig: { QueryStringBehavior: "none" },
        },
      },
    },
    originRequestPolicies: {},
    responseHeadersPolicies: {},
    originAccessControls: {},
    keyGroups: {},
    functions: {},
  };
}
