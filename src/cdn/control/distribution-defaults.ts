import type { CacheBehaviorSettings, DistributionConfig } from "../../metadata/cdn/distribution-config.ts";

const DAY = 86_400;
const YEAR = 31_536_000;

/** Fills in what depends on something else, and brings hosts to lower case. */
export function completeDistribution(config: DistributionConfig): DistributionConfig {
  return {
    ...config,
    Aliases: config.Aliases.map((alias) => alias.toLowerCase()),
    DefaultCacheBehavior: completeBehavior(config.DefaultCacheBehavior),
    CacheBehaviors: config.CacheBehaviors.map(completeBehavior),
  };
}

/** Clients write an empty id where they mean none. A behaviour without a cache policy has TTLs of its own. */
function completeBehavior<Behavior extends CacheBehaviorSettings>(behavior: Behavior): Behavior {
  const { CachePolicyId, OriginRequestPolicyId, ResponseHeadersPolicyId, ...rest } = behavior;
  const ids = {
    ...(CachePolicyId && { CachePolicyId }),
    ...(OriginRequestPolicyId && { OriginRequestPolicyId }),
    ...(ResponseHeadersPolicyId && { ResponseHeadersPolicyId }),
  };
  if (CachePolicyId || !behavior.ForwardedValues) return { ...rest, ...ids } as Behavior;
  const { MinTTL = 0, DefaultTTL = Math.max(DAY, MinTTL), MaxTTL = Math.max(YEAR, DefaultTTL) } = behavior;
  return { ...rest, ...ids, MinTTL, DefaultTTL, MaxTTL } as Behavior;
}
