import type { DistributionConfig } from "../../src/metadata/cdn/distribution-config.ts";
import type { CompiledDistribution } from "../../src/metadata/cdn/protocol.ts";

/** A distribution of one custom origin without caching, as the registry would install it. */
export function compiledDistribution(id: string, changes: Partial<DistributionConfig> = {}): CompiledDistribution {
  const config = distributionConfig(changes);
  return {
    id,
    accountId: "123456789012",
    domainName: `${id.toLowerCase()}.cdn.localhost`,
    enabled: config.Enabled,
    config,
    cachePolicies: {},
    originRequestPolicies: {},
    responseHeadersPolicies: {},
    originAccessControls: {},
    keyGroups: {},
    functions: {},
  };
}

/** As CloudFront fills in what CreateDistribution leaves out. */
export function distributionConfig(changes: Partial<DistributionConfig> = {}): DistributionConfig {
  return {
    CallerReference: "test",
    Aliases: [],
    DefaultRootObject: "",
    Origins: [
      {
        Id: "origin",
        DomainName: "origin.example.com",
        OriginPath: "",
        CustomHeaders: [],
        CustomOriginConfig: {
          HTTPPort: 80,
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
      },
    ],
    OriginGroups: [],
    DefaultCacheBehavior: {
      TargetOriginId: "origin",
      TrustedSigners: { Enabled: false, Items: [] },
      TrustedKeyGroups: { Enabled: false, Items: [] },
      ViewerProtocolPolicy: "allow-all",
      AllowedMethods: { Items: ["HEAD", "GET"], CachedMethods: ["HEAD", "GET"] },
      SmoothStreaming: false,
      Compress: false,
      LambdaFunctionAssociations: [],
      FunctionAssociations: [],
      FieldLevelEncryptionId: "",
      GrpcConfig: { Enabled: false },
      ForwardedValues: { QueryString: false, Cookies: { Forward: "none" }, Headers: [], QueryStringCacheKeys: [] },
      MinTTL: 0,
      DefaultTTL: 86_400,
      MaxTTL: 31_536_000,
    },
    CacheBehaviors: [],
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
    ...changes,
  };
}
