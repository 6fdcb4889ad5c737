import { BEHAVIOR_DEFAULTS, CUSTOM_ORIGIN_DEFAULTS, DISTRIBUTION_DEFAULTS, ORIGIN_DEFAULTS } from "./defaults.ts";
import type { DistributionConfig, Origin } from "./distribution-config.ts";

/** AWS's managed CachingOptimized: the path alone is the cache key, a day where the origin says nothing. */
const CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const ORIGIN_ID = "origin";

/** An origin that is a bucket, read with an origin access control. */
export function bucketOrigin(bucket: string, region: string, originAccessControlId: string): Origin {
  return {
    ...ORIGIN_DEFAULTS,
    Id: ORIGIN_ID,
    DomainName: `${bucket}.s3.${region}.amazonaws.com`,
    S3OriginConfig: { OriginAccessIdentity: "", OriginReadTimeout: CUSTOM_ORIGIN_DEFAULTS.OriginReadTimeout },
    OriginAccessControlId: originAccessControlId,
  };
}

/** An origin at `http://host:port/path` or `https://…`. */
export function webOrigin({ protocol, hostname, port, pathname }: URL): Origin {
  const secure = protocol === "https:";
  return {
    ...ORIGIN_DEFAULTS,
    Id: ORIGIN_ID,
    DomainName: hostname,
    OriginPath: pathname.replace(/\/+$/, ""),
    CustomOriginConfig: {
      ...CUSTOM_ORIGIN_DEFAULTS,
      HTTPPort: Number((!secure && port) || 80),
      HTTPSPort: Number((secure && port) || 443),
      OriginProtocolPolicy: secure ? "https-only" : "http-only",
    },
  };
}

/** A whole site from one origin, cached as the origin says and compressed. */
export function simpleDistribution(origin: Origin, callerReference: string, comment: string): DistributionConfig {
  return {
    ...DISTRIBUTION_DEFAULTS,
    CallerReference: callerReference,
    Comment: comment,
    Enabled: true,
    Origins: [origin],
    DefaultCacheBehavior: {
      ...BEHAVIOR_DEFAULTS,
      TargetOriginId: origin.Id,
      ViewerProtocolPolicy: "allow-all",
      Compress: true,
      CachePolicyId: CACHING_OPTIMIZED,
    },
  };
}
