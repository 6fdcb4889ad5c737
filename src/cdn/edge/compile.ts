import type { TtlPolicy } from "../engine/freshness.ts";
import type { CacheBehaviorSettings, DistributionConfig, Origin } from "../../metadata/cdn/distribution-config.ts";
import type { CachePolicyConfig, OriginRequestPolicyConfig } from "../../metadata/cdn/policy-configs.ts";
import type { DistributionSnapshot } from "../../metadata/cdn/protocol.ts";
import { compileFunctions } from "../functions/associations.ts";
import { CircuitBreaker } from "../protection/circuit-breaker.ts";
import { Guard } from "../protection/protect.ts";
import type { Behavior, ForwardPolicy, KeyPolicy, OriginTarget } from "./behavior.ts";
import { InvalidationMatcher } from "./invalidations.ts";
import { compileNames, EVERYTHING, NOTHING, unite } from "./name-filter.ts";
import { normalisePath, PathPatterns } from "./path-patterns.ts";

/** A distribution as this isolate uses it: made once for each revision of its snapshot. */
export interface CompiledDistribution {
  readonly snapshot: DistributionSnapshot;
  readonly id: string;
  readonly config: DistributionConfig;
  readonly invalidations: InvalidationMatcher;
  /** Undefined where nothing protects it. */
  readonly guard: Guard | undefined;
  readonly breaker: CircuitBreaker | undefined;
  readonly errorPages: ReadonlyMap<number, { readonly path: string; readonly status: number }>;
  findBehavior(path: string): Behavior;
  /** By its `position`. */
  behaviorAt(position: number): Behavior;
}

/**
 * Statuses that CloudFront keeps for a while although nobody asked for it ("HTTP 4xx and 5xx status codes that CloudFront
 * always caches"). The others are kept as long as the origin says.
 */
const CACHED_ERRORS = [404, 414, 500, 501, 502, 503, 504];
const DEFAULT_ERROR_SECONDS = 10;
const LEGACY_DEFAULT_SECONDS = 86_400;
const LEGACY_MAXIMUM_SECONDS = 31_536_000;
/**
 * Settings that AWS has no member for are custom headers of the origin with these names. They never reach it, and
 * every tool that knows CloudFront can write them.
 */
const SETTING_PREFIX = "x-verge-";
const HEURISTIC_SETTING = "x-verge-heuristic-freshness";
const DIRECTIVES_SETTING = "x-verge-honor-request-directives";

export function compileDistribution(snapshot: DistributionSnapshot): CompiledDistribution {
  const { config, protection } = snapshot;
  const patterns = new PathPatterns(config.CacheBehaviors.map(({ PathPattern }) => PathPattern));
  const behaviors = config.CacheBehaviors.map((settings, position) => compileBehavior(settings, position, snapshot));
  const fallback = compileBehavior(config.DefaultCacheBehavior, -1, snapshot);
  const pages = config.CustomErrorResponses.filter(({ ResponsePagePath }) => ResponsePagePath !== "");
  return {
    snapshot,
    id: snapshot.id,
    config,
    invalidations: new InvalidationMatcher(snapshot.invalidations, config.DefaultRootObject),
    guard: protection && new Guard(snapshot.id, protection),
    breaker: protection?.circuitBreaker && new CircuitBreaker(snapshot.id, protection.circuitBreaker),
    errorPages: new Map(
      pages.map(({ ErrorCode, ResponsePagePath, ResponseCode }) => [
        ErrorCode,
        { path: ResponsePagePath, status: Number(ResponseCode) || ErrorCode },
      ]),
    ),
    behaviorAt: (position) => behaviors[position] ?? fallback,
    findBehavior: (path) => behaviors[patterns.find(normalisePath(path))] ?? fallback,
  };
}

function compileBehavior(settings: CacheBehaviorSettings, position: number, snapshot: DistributionSnapshot): Behavior {
  const { config } = snapshot;
  const cachePolicy = settings.CachePolicyId === undefined ? undefined : snapshot.cachePolicies[settings.CachePolicyId];
  const requestPolicy =
    settings.OriginRequestPolicyId === undefined
      ? undefined
      : snapshot.originRequestPolicies[settings.OriginRequestPolicyId];
  const origins = listOrigins(settings.TargetOriginId, config).map((origin) => compileOrigin(origin, snapshot));
  const key = cachePolicy ? compileKey(cachePolicy) : compileLegacyKey(settings);
  const isOn = (setting: string) => {
    const headers = origins[0]?.origin.CustomHeaders ?? [];
    return headers.some(
      ({ HeaderName, HeaderValue }) => HeaderName.toLowerCase() === setting && HeaderValue === "true",
    );
  };
  const ttl = compileTtl(settings, cachePolicy, config, isOn(HEURISTIC_SETTING));
  const responseHeaders = settings.ResponseHeadersPolicyId;
  return {
    position,
    viewerProtocolPolicy: settings.ViewerProtocolPolicy,
    allowedMethods: new Set(settings.AllowedMethods.Items),
    cachedMethods: new Set(settings.AllowedMethods.CachedMethods),
    caches: ttl.maximum > 0 && !settings.ForwardedValues?.Headers.includes("*"),
    ttl,
    coverSeconds: new Map(
      config.CustomErrorResponses.map(({ ErrorCode, ErrorCachingMinTTL }) => [ErrorCode, ErrorCachingMinTTL]),
    ),
    key,
    forward: cachePolicy ? compileForward(key, requestPolicy) : compileLegacyForward(key, settings),
    compress: settings.Compress && key.codings.length > 0,
    origins,
    failoverStatuses: new Set(findGroup(settings.TargetOriginId, config)?.FailoverCriteria.StatusCodes),
    responseHeaders: responseHeaders === undefined ? undefined : snapshot.responseHeadersPolicies[responseHeaders],
    trustedKeys: listTrustedKeys(settings, snapshot),
    honoursRequestDirectives: isOn(DIRECTIVES_SETTING),
    functions: compileFunctions(settings, snapshot),
  };
}

function compileTtl(
  settings: CacheBehaviorSettings,
  policy: CachePolicyConfig | undefined,
  config: DistributionConfig,
  heuristic: boolean,
): TtlPolicy {
  const fallback = policy?.DefaultTTL ?? settings.DefaultTTL ?? LEGACY_DEFAULT_SECONDS;
  // Where answers are kept only as long as they say themselves, errors are as well.
  const errorSeconds = Math.min(DEFAULT_ERROR_SECONDS, fallback);
  const errors = new Map(CACHED_ERRORS.map((status) => [status, errorSeconds]));
  for (const { ErrorCode, ErrorCachingMinTTL } of config.CustomErrorResponses)
    errors.set(ErrorCode, ErrorCachingMinTTL);
  return {
    minimum: policy?.MinTTL ?? settings.MinTTL ?? 0,
    fallback,
    maximum: policy?.MaxTTL ?? settings.MaxTTL ?? LEGACY_MAXIMUM_SECONDS,
    errors,
    heuristic,
  };
}

function compileKey({ ParametersInCacheKeyAndForwardedToOrigin: parameters }: CachePolicyConfig): KeyPolicy {
  const { HeadersConfig, CookiesConfig, QueryStringsConfig } = parameters;
  const codings = [
    ...(parameters.EnableAcceptEncodingBrotli ? ["br"] : []),
    ...(parameters.EnableAcceptEncodingGzip ? ["gzip"] : []),
  ];
  return {
    query: compileNames(QueryStringsConfig.QueryStringBehavior, QueryStringsConfig.QueryStrings),
    cookies: compileNames(CookiesConfig.CookieBehavior, CookiesConfig.Cookies),
    headers: keyedHeaders(HeadersConfig.HeaderBehavior === "whitelist" ? HeadersConfig.Headers : [], codings),
    codings,
  };
}

/** ForwardedValues: what is forwarded is what is in the key. With Compress, gzip is. */
function compileLegacyKey({ ForwardedValues: values, Compress }: CacheBehaviorSettings): KeyPolicy {
  const names = values?.QueryStringCacheKeys ?? [];
  const codings = Compress ? ["gzip"] : [];
  return {
    query: !values?.QueryString ? NOTHING : names.length > 0 ? compileNames("whitelist", names) : EVERYTHING,
    cookies: compileNames(values?.Cookies.Forward ?? "none", values?.Cookies.WhitelistedNames),
    headers: keyedHeaders(
      values?.Headers.filter((name) => name !== "*"),
      codings,
    ),
    codings,
  };
}

/** Accept-Encoding is in the key by its codings where there are any, and cookies by their names. */
function keyedHeaders(headers: readonly string[] | undefined, codings: readonly string[]): string[] {
  const names = new Set(headers?.map((name) => name.toLowerCase()));
  if (codings.length > 0) names.delete("accept-encoding");
  names.delete("cookie");
  return [...names].sort();
}

function compileForward(key: KeyPolicy, policy: OriginRequestPolicyConfig | undefined): ForwardPolicy {
  const behavior = policy?.HeadersConfig.HeaderBehavior ?? "none";
  const listed = new Set((policy?.HeadersConfig.Headers ?? []).map((name) => name.toLowerCase()));
  const keyed = new Set(key.headers);
  const allHeaders = behavior.startsWith("all");
  const named = behavior === "whitelist" || behavior === "allViewerAndWhitelistCloudFront" ? [...listed] : [];
  const forwardsHeader = (name: string) => {
    if (keyed.has(name)) return true;
    if (behavior === "allExcept") return !listed.has(name);
    return allHeaders || listed.has(name);
  };
  return {
    query: unite(
      key.query,
      compileNames(policy?.QueryStringsConfig.QueryStringBehavior ?? "none", policy?.QueryStringsConfig.QueryStrings),
    ),
    cookies: unite(
      key.cookies,
      compileNames(policy?.CookiesConfig.CookieBehavior ?? "none", policy?.CookiesConfig.Cookies),
    ),
    forwardsHeader,
    allHeaders,
    headers: [...new Set([...keyed, ...named])],
    madeHeaders: [...new Set([...keyed, ...named])].filter((name) => name.startsWith("cloudfront-")),
  };
}

function compileLegacyForward(key: KeyPolicy, { ForwardedValues: values }: CacheBehaviorSettings): ForwardPolicy {
  const all = values?.Headers.includes("*") ?? false;
  const keyed = new Set(key.headers);
  return {
    query: values?.QueryString ? EVERYTHING : NOTHING,
    cookies: key.cookies,
    forwardsHeader: (name) => all || keyed.has(name),
    allHeaders: all,
    headers: key.headers,
    madeHeaders: key.headers.filter((name) => name.startsWith("cloudfront-")),
  };
}

function findGroup(id: string, { OriginGroups }: DistributionConfig) {
  return OriginGroups.find((group) => group.Id === id);
}

function listOrigins(id: string, config: DistributionConfig): Origin[] {
  const ids = findGroup(id, config)?.Members.map(({ OriginId }) => OriginId) ?? [id];
  return ids.flatMap((originId) => config.Origins.filter((origin) => origin.Id === originId));
}

function compileOrigin(origin: Origin, { originAccessControls }: DistributionSnapshot): OriginTarget {
  const control = originAccessControls[origin.OriginAccessControlId];
  const signsByControl = control !== undefined && control.SigningBehavior !== "never";
  return {
    origin,
    customHeaders: origin.CustomHeaders.map(
      ({ HeaderName, HeaderValue }) => [HeaderName.toLowerCase(), HeaderValue] as const,
    ).filter(([name]) => !name.startsWith(SETTING_PREFIX)),
    // The older origin access identity is the same to whoever has no bucket policies.
    signs: signsByControl || (origin.S3OriginConfig?.OriginAccessIdentity ?? "") !== "",
  };
}

function listTrustedKeys(
  { TrustedKeyGroups, TrustedSigners }: CacheBehaviorSettings,
  { keyGroups }: DistributionSnapshot,
): ReadonlyMap<string, string> | undefined {
  // Trusted signers are accounts with key pairs of their own, which this deployment does not have: nobody passes.
  if (!TrustedKeyGroups.Enabled && !TrustedSigners.Enabled) return undefined;
  const keys = TrustedKeyGroups.Items.flatMap((id) => keyGroups[id] ?? []);
  return new Map(keys.map(({ publicKeyId, pem }) => [publicKeyId, pem]));
}
