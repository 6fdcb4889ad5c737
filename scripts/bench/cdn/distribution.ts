import {
  BEHAVIOR_DEFAULTS,
  CUSTOM_ORIGIN_DEFAULTS,
  DISTRIBUTION_DEFAULTS,
  ORIGIN_DEFAULTS,
} from "../../../src/metadata/cdn/defaults.ts";
import type {
  CacheBehaviorSettings,
  DistributionConfig,
  Origin,
} from "../../../src/metadata/cdn/distribution-config.ts";
import type { CachePolicyConfig } from "../../../src/metadata/cdn/policy-configs.ts";
import type { CompiledDistribution } from "../../../src/metadata/cdn/protocol.ts";

/** What the origin says is kept; neither fields nor the query make a difference. */
const CACHE_POLICY: CachePolicyConfig = {
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
};

const BEHAVIOR: CacheBehaviorSettings = {
  ...BEHAVIOR_DEFAULTS,
  TargetOriginId: "web",
  ViewerProtocolPolicy: "allow-all",
  CachePolicyId: "policy",
};

/** A distribution before a web server on this machine, with so many behaviours besides the default one. */
export function describeBenchDistribution(id: string, originPort: number, behaviors: number): CompiledDistribution {
  const origin: Origin = {
    ...ORIGIN_DEFAULTS,
    Id: "web",
    DomainName: "127.0.0.1",
    CustomOriginConfig: {
      ...CUSTOM_ORIGIN_DEFAULTS,
      HTTPPort: originPort,
      HTTPSPort: 443,
      OriginProtocolPolicy: "http-only",
    },
  };
  const config: DistributionConfig = {
    ...DISTRIBUTION_DEFAULTS,
    CallerReference: "bench",
    Comment: "",
    Enabled: true,
    Origins: [origin],
    DefaultCacheBehavior: BEHAVIOR,
    CacheBehaviors: Array.from({ length: behaviors }, (_, n) => ({ ...BEHAVIOR, PathPattern: `/section-${n}/*.html` })),
  };
  return {
    id,
    accountId: "000000000000",
    domainName: `${id.toLowerCase()}.cdn.localhost`,
    enabled: true,
    config,
    cachePolicies: { policy: CACHE_POLICY },
    originRequestPolicies: {},
    responseHeadersPolicies: {},
    originAccessControls: {},
    keyGroups: {},
    functions: {},
  };
}
