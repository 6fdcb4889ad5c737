import { BEHAVIOR_DEFAULTS, CUSTOM_ORIGIN_DEFAULTS, ORIGIN_DEFAULTS } from "../../src/metadata/cdn/defaults.ts";
import type { CacheBehaviorSettings, DistributionConfig, Origin } from "../../src/metadata/cdn/distribution-config.ts";
import type { CachePolicyConfig, OriginRequestPolicyConfig } from "../../src/metadata/cdn/policy-configs.ts";
import type { CompiledDistribution, DistributionApi, InvalidationRequest } from "../../src/metadata/cdn/protocol.ts";
import { compiledDistribution } from "./cdn.ts";
import type { Verge } from "./server.ts";

/** A distribution that was put in place without the control API. */
export interface InstalledDistribution {
  readonly id: string;
  /** Under which the product answers for it: `http://127.0.0.1:…/_cdn/<id>`. */
  readonly url: string;
  /** Replaces its configuration. In force within five seconds, as every change from elsewhere. */
  readonly install: (change: Partial<CompiledDistribution>) => Promise<void>;
  readonly invalidate: (paths: readonly string[], more?: Partial<InvalidationRequest>) => Promise<void>;
}

export const ROOT_ACCOUNT = "000000000000";
/** Keeps what origins say, with the whole query in the key. */
export const AS_ORIGIN_SAYS = "as-origin-says";
export const ALL_VIEWER = "all-viewer";

let installed = 0;

export async function installDistribution(
  verge: Pick<Verge, "endpoint" | "miniflare">,
  config: Partial<DistributionConfig>,
  more: Partial<CompiledDistribution> = {},
): Promise<InstalledDistribution> {
  const id = `E${String(++installed).padStart(13, "0")}`;
  const namespace = await verge.miniflare.getDurableObjectNamespace("DISTRIBUTION", "verge");
  const object = namespace.getByName(id) as unknown as DistributionApi;
  const compiled = { ...describeSnapshot(id, config), ...more };
  let revision = 1;
  await object.install(revision, compiled);
  return {
    id,
    url: `${verge.endpoint}/_cdn/${id}`,
    install: (change) => object.install(++revision, { ...compiled, ...change }),
    invalidate: async (paths, request = {}) => {
      await object.createInvalidation({ callerReference: crypto.randomUUID(), paths, ...request });
    },
  };
}

/** A snapshot of a configuration, with the policies that `describeBehavior` names. */
export function describeSnapshot(id: string, config: Partial<DistributionConfig>): CompiledDistribution {
  return {
    ...compiledDistribution(id, { DefaultCacheBehavior: describeBehavior(), ...config }),
    accountId: ROOT_ACCOUNT,
    cachePolicies: { [AS_ORIGIN_SAYS]: describeCachePolicy() },
    originRequestPolicies: { [ALL_VIEWER]: ALL_VIEWER_POLICY },
  };
}

export function describeCachePolicy(
  ttl: Partial<Pick<CachePolicyConfig, "MinTTL" | "DefaultTTL" | "MaxTTL">> = {},
  parameters: Partial<CachePolicyConfig["ParametersInCacheKeyAndForwardedToOrigin"]> = {},
): CachePolicyConfig {
  return {
    Name: "policy",
    Comment: "",
    MinTTL: 0,
    DefaultTTL: 0,
    MaxTTL: 31_536_000,
    ...ttl,
    ParametersInCacheKeyAndForwardedToOrigin: {
      EnableAcceptEncodingGzip: false,
      EnableAcceptEncodingBrotli: false,
      HeadersConfig: { HeaderBehavior: "none" },
      CookiesConfig: { CookieBehavior: "none" },
      QueryStringsConfig: { QueryStringBehavior: "all" },
      ...parameters,
    },
  };
}

const ALL_VIEWER_POLICY: OriginRequestPolicyConfig = {
  Name: "all",
  Comment: "",
  HeadersConfig: { HeaderBehavior: "allViewer" },
  CookiesConfig: { CookieBehavior: "all" },
  QueryStringsConfig: { QueryStringBehavior: "all" },
};

/** An origin that is a web server on a port of this machine. */
export function describeCustomOrigin(port: number, more: Partial<Origin> = {}): Origin {
  return {
    ...ORIGIN_DEFAULTS,
    Id: "web",
    DomainName: "127.0.0.1",
    CustomOriginConfig: {
      ...CUSTOM_ORIGIN_DEFAULTS,
      HTTPPort: port,
      HTTPSPort: 443,
      OriginProtocolPolicy: "http-only",
    },
    ...more,
  };
}

/** Every method, cached as the origin says, with all of the viewer's headers for the origin. */
export function describeBehavior(more: Partial<CacheBehaviorSettings> = {}): CacheBehaviorSettings {
  return {
    ...BEHAVIOR_DEFAULTS,
    TargetOriginId: "web",
    ViewerProtocolPolicy: "allow-all",
    AllowedMethods: {
      Items: ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
      CachedMethods: ["GET", "HEAD"],
    },
    CachePolicyId: AS_ORIGIN_SAYS,
    OriginRequestPolicyId: ALL_VIEWER,
    ...more,
  };
}
