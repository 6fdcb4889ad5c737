import {
  BEHAVIOR_DEFAULTS,
  CUSTOM_ORIGIN_DEFAULTS,
  DISTRIBUTION_DEFAULTS,
  ORIGIN_DEFAULTS,
} from "../../src/metadata/cdn/defaults.ts";
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
    ...DISTRIBUTION_DEFAULTS,
    CallerReference: "test",
    Comment: "",
    Enabled: true,
    Origins: [
      {
        ...ORIGIN_DEFAULTS,
        Id: "origin",
        DomainName: "origin.example.com",
        CustomOriginConfig: {
          ...CUSTOM_ORIGIN_DEFAULTS,
          HTTPPort: 80,
          HTTPSPort: 443,
          OriginProtocolPolicy: "http-only",
        },
      },
    ],
    DefaultCacheBehavior: {
      ...BEHAVIOR_DEFAULTS,
      TargetOriginId: "origin",
      ViewerProtocolPolicy: "allow-all",
      ForwardedValues: { QueryString: false, Cookies: { Forward: "none" }, Headers: [], QueryStringCacheKeys: [] },
      MinTTL: 0,
      DefaultTTL: 86_400,
      MaxTTL: 31_536_000,
    },
    ...changes,
  };
}
