import { element } from "../../lib/xml.ts";
import { MANAGED_CACHE_POLICIES, MANAGED_ORIGIN_REQUEST_POLICIES } from "../../metadata/cdn/managed-policies.ts";
import type { CachePolicyConfig, OriginRequestPolicyConfig } from "../../metadata/cdn/policy-configs.ts";
import type { StoredResource } from "../../metadata/cdn/registry-protocol.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkHeaderName, checkName, checkNamed, checkUnique } from "./names.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceHandlers, summariseWhole } from "./resources.ts";
import { cachePolicyShape, originRequestPolicyShape } from "./xml/policy-shapes.ts";

/** Names of each sort in one policy ("Quotas on policies"). */
const MAX_NAMES = 10;

/** What a cache key or an origin request never takes from the viewer by name. */
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "cookie",
  "expect",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-real-ip",
]);

const cachePolicies: ResourceType<"cache-policy"> = {
  kind: "cache-policy",
  name: "CachePolicy",
  path: "cache-policy",
  shape: cachePolicyShape,
  newId: () => crypto.randomUUID(),
  nameOf: ({ Name }) => Name,
  check: checkCachePolicy,
  managed: MANAGED_CACHE_POLICIES,
  describe: describeModified,
  list: "short",
  summarise: (resource, config) =>
    element("CachePolicySummary", [typeElement(resource), summariseWhole(cachePolicies, resource, config)]),
  errors: {
    notFound: "NoSuchCachePolicy",
    alreadyExists: "CachePolicyAlreadyExists",
    inUse: "CachePolicyInUse",
    tooMany: "TooManyCachePolicies",
  },
};

const originRequestPolicies: ResourceType<"origin-request-policy"> = {
  kind: "origin-request-policy",
  name: "OriginRequestPolicy",
  path: "origin-request-policy",
  shape: originRequestPolicyShape,
  newId: () => crypto.randomUUID(),
  nameOf: ({ Name }) => Name,
  check: checkOriginRequestPolicy,
  managed: MANAGED_ORIGIN_REQUEST_POLICIES,
  describe: describeModified,
  list: "short",
  summarise: (resource, config) =>
    element("OriginRequestPolicySummary", [
      typeElement(resource),
      summariseWhole(originRequestPolicies, resource, config),
    ]),
  errors: {
    notFound: "NoSuchOriginRequestPolicy",
    alreadyExists: "OriginRequestPolicyAlreadyExists",
    inUse: "OriginRequestPolicyInUse",
    tooMany: "TooManyOriginRequestPolicies",
  },
};

export const cachePolicyHandlers = resourceHandlers(cachePolicies);
export const originRequestPolicyHandlers = resourceHandlers(originRequestPolicies);

export function describeModified({ modifiedAt }: StoredResource) {
  return element("LastModifiedTime", new Date(modifiedAt).toISOString());
}

/** Whose a policy is: AWS's have no account. */
export function typeElement({ accountId }: StoredResource) {
  return element("Type", accountId === "" ? "managed" : "custom");
}

function checkCachePolicy(policy: CachePolicyConfig): void {
  const { Name, MinTTL, DefaultTTL, MaxTTL, ParametersInCacheKeyAndForwardedToOrigin: key } = policy;
  checkName(Name);
  if (MinTTL < 0) throw invalidArgument("The parameter MinTTL is too small.");
  if (MinTTL > DefaultTTL) throw invalidArgument("The parameter DefaultTTL is smaller than MinTTL.");
  if (DefaultTTL > MaxTTL) throw invalidArgument("The parameter MaxTTL is smaller than DefaultTTL.");
  const { HeadersConfig, CookiesConfig, QueryStringsConfig } = key;
  const hasCodings = key.EnableAcceptEncodingGzip || key.EnableAcceptEncodingBrotli;
  checkHeaders(HeadersConfig, hasCodings ? NOT_BESIDE_CODINGS : NEVER_FORWARDED);
  checkNamed("Cookies", CookiesConfig.CookieBehavior, CookiesConfig.Cookies, ["whitelist", "allExcept"]);
  checkNamed("QueryStrings", QueryStringsConfig.QueryStringBehavior, QueryStringsConfig.QueryStrings, [
    "whitelist",
    "allExcept",
  ]);
  if (count(HeadersConfig.Headers) > MAX_NAMES) throw cloudFrontError("TooManyHeadersInCachePolicy");
  if (count(CookiesConfig.Cookies) > MAX_NAMES) throw cloudFrontError("TooManyCookiesInCachePolicy");
  if (count(QueryStringsConfig.QueryStrings) > MAX_NAMES) throw cloudFrontError("TooManyQueryStringsInCachePolicy");
  if (MaxTTL === 0) checkDisabled(key);
}

/** A policy without caching has no cache key. */
function checkDisabled(key: CachePolicyConfig["ParametersInCacheKeyAndForwardedToOrigin"]): void {
  const offending = [
    key.EnableAcceptEncodingGzip && "EnableAcceptEncodingGzip",
    key.EnableAcceptEncodingBrotli && "EnableAcceptEncodingBrotli",
    key.HeadersConfig.HeaderBehavior !== "none" && "HeaderBehavior",
    key.CookiesConfig.CookieBehavior !== "none" && "CookieBehavior",
    key.QueryStringsConfig.QueryStringBehavior !== "none" && "QueryStringBehavior",
  ].find((name) => name !== false);
  if (offending) {
    throw invalidArgument(`The parameter ${offending} is invalid for policy with caching disabled.`);
  }
}

function checkOriginRequestPolicy(policy: OriginRequestPolicyConfig): void {
  const { Name, HeadersConfig, CookiesConfig, QueryStringsConfig } = policy;
  checkName(Name);
  // Authorization reaches the origin as part of the cache key, or with all headers.
  checkHeaders(HeadersConfig, HeadersConfig.HeaderBehavior === "allExcept" ? new Set() : NOT_IN_ORIGIN_REQUESTS);
  checkNamed("Cookies", CookiesConfig.CookieBehavior, CookiesConfig.Cookies, ["whitelist", "allExcept"]);
  checkNamed("QueryStrings", QueryStringsConfig.QueryStringBehavior, QueryStringsConfig.QueryStrings, [
    "whitelist",
    "allExcept",
  ]);
  if (count(HeadersConfig.Headers) > MAX_NAMES && HeadersConfig.HeaderBehavior !== "allViewerAndWhitelistCloudFront")
    throw cloudFrontError("TooManyHeadersInOriginRequestPolicy");
  if (count(CookiesConfig.Cookies) > MAX_NAMES) throw cloudFrontError("TooManyCookiesInOriginRequestPolicy");
  if (count(QueryStringsConfig.QueryStrings) > MAX_NAMES)
    throw cloudFrontError("TooManyQueryStringsInOriginRequestPolicy");
}

/** What EnableAcceptEncodingGzip and -Brotli put into the key is not there a second time. */
const NOT_BESIDE_CODINGS: ReadonlySet<string> = new Set([...NEVER_FORWARDED, "accept-encoding"]);
const NOT_IN_ORIGIN_REQUESTS: ReadonlySet<string> = new Set([...NEVER_FORWARDED, "authorization"]);

function checkHeaders(
  { HeaderBehavior, Headers: names = [] }: OriginRequestPolicyConfig["HeadersConfig"],
  refused: ReadonlySet<string>,
): void {
  checkNamed("Headers", HeaderBehavior, names, ["whitelist", "allViewerAndWhitelistCloudFront", "allExcept"]);
  checkUnique("Headers", names);
  for (const name of names) {
    checkHeaderName(name);
    if (refused.has(name.toLowerCase())) {
      throw invalidArgument(`The parameter Headers contains ${name} that is not allowed.`);
    }
  }
}

function count(names: readonly string[] | undefined): number {
  return names?.length ?? 0;
}
