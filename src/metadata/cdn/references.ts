import type { CacheBehaviorSettings, DistributionConfig } from "./distribution-config.ts";
import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from "./managed-policies.ts";
import type { Reference, ResourceKind } from "./registry-protocol.ts";

/** Before the id in an origin's `OriginAccessIdentity`. */
const IDENTITY_PREFIX = "origin-access-identity/cloudfront/";

/** AWS's own policies by kind and id: everyone's, and in no table. */
const MANAGED_POLICIES: Readonly<Partial<Record<ResourceKind, Readonly<Record<string, object>>>>> = {
  "cache-policy": MANAGED_CACHE_POLICIES,
  "origin-request-policy": MANAGED_ORIGIN_REQUEST_POLICIES,
  "response-headers-policy": MANAGED_RESPONSE_HEADERS_POLICIES,
};

export function isManaged({ kind, id }: Reference): boolean {
  return MANAGED_POLICIES[kind]?.[id] !== undefined;
}

/** The default behaviour and all others. */
export function listBehaviors(config: DistributionConfig): readonly CacheBehaviorSettings[] {
  return [config.DefaultCacheBehavior, ...config.CacheBehaviors];
}

/** Whatever a configuration refers to, each once. */
export function listDistributionReferences(config: DistributionConfig): Reference[] {
  const named = [
    ...listBehaviors(config).flatMap(listBehaviorReferences),
    ...config.Origins.flatMap(listOriginReferences),
  ];
  const meant = named.filter(({ id }) => id !== "");
  return [...new Map(meant.map((reference) => [`${reference.kind}/${reference.id}`, reference])).values()];
}

function listBehaviorReferences(behavior: CacheBehaviorSettings): Reference[] {
  return [
    { kind: "cache-policy", id: behavior.CachePolicyId ?? "" },
    { kind: "origin-request-policy", id: behavior.OriginRequestPolicyId ?? "" },
    { kind: "response-headers-policy", id: behavior.ResponseHeadersPolicyId ?? "" },
    ...behavior.TrustedKeyGroups.Items.map((id): Reference => ({ kind: "key-group", id })),
    ...behavior.FunctionAssociations.map(({ FunctionARN }): Reference => ({ kind: "function", id: FunctionARN })),
  ];
}

function listOriginReferences({
  OriginAccessControlId,
  S3OriginConfig,
}: DistributionConfig["Origins"][number]): Reference[] {
  const identity = S3OriginConfig?.OriginAccessIdentity ?? "";
  return [
    { kind: "origin-access-control", id: OriginAccessControlId },
    { kind: "origin-access-identity", id: identity.replace(IDENTITY_PREFIX, "") },
  ];
}
