import {
  MANAGED_CACHE_POLICIES,
  MANAGED_ORIGIN_REQUEST_POLICIES,
  MANAGED_RESPONSE_HEADERS_POLICIES,
} from "./managed-policies.ts";
import type { CacheBehaviorSettings } from "./distribution-config.ts";
import type { CompiledDistribution, EdgeFunction, TrustedKey } from "./protocol.ts";
import { listBehaviors } from "./references.ts";
import type { ResourceKind, ResourceRecords, StoredDistribution } from "./registry-protocol.ts";
import { readResource } from "./resources.ts";
import { listReferences } from "./uses.ts";

/** The host of a distribution. Hosts have no case, so that the id in lower case says which. */
export function distributionDomain(id: string, domain: string): string {
  return `${id.toLowerCase()}.cdn.${domain}`;
}

/** Gathers all that a distribution refers to, so that the data plane needs nothing else. */
export function compileDistribution(
  sql: SqlStorage,
  { id, accountId, config }: StoredDistribution,
  domain: string,
): CompiledDistribution {
  const own = readOwn(sql, id);
  const behaviors = listBehaviors(config);
  return {
    id,
    accountId,
    domainName: distributionDomain(id, domain),
    enabled: config.Enabled,
    config,
    cachePolicies: { ...own["cache-policy"], ...pickManaged(behaviors, "CachePolicyId", MANAGED_CACHE_POLICIES) },
    originRequestPolicies: {
      ...own["origin-request-policy"],
      ...pickManaged(behaviors, "OriginRequestPolicyId", MANAGED_ORIGIN_REQUEST_POLICIES),
    },
    responseHeadersPolicies: {
      ...own["response-headers-policy"],
      ...pickManaged(behaviors, "ResponseHeadersPolicyId", MANAGED_RESPONSE_HEADERS_POLICIES),
    },
    originAccessControls: own["origin-access-control"],
    keyGroups: mapValues(own["key-group"], ({ Items }) => Items.flatMap((keyId) => readKey(sql, keyId))),
    functions: Object.fromEntries(
      Object.entries(own.function).flatMap(([arn, record]) => {
        const live = toEdgeFunction(record);
        return live ? [[arn, live]] : [];
      }),
    ),
  };
}

type OwnResources = { [Kind in ResourceKind]: Record<string, ResourceRecords[Kind]> };

/** What the distribution refers to and the account made, by kind and id. */
function readOwn(sql: SqlStorage, id: string): OwnResources {
  const own: Record<ResourceKind, Record<string, unknown>> = {
    "cache-policy": {},
    "origin-request-policy": {},
    "response-headers-policy": {},
    "origin-access-control": {},
    "origin-access-identity": {},
    "public-key": {},
    "key-group": {},
    function: {},
  };
  for (const reference of listReferences(sql, "distribution", id)) {
    const resource = readResource(sql, reference);
    if (resource) own[reference.kind][reference.id] = JSON.parse(resource.record);
  }
  // The tables hold for each kind what createResource was given for it.
  return own as OwnResources;
}

function pickManaged<Policy>(
  behaviors: readonly CacheBehaviorSettings[],
  member: "CachePolicyId" | "OriginRequestPolicyId" | "ResponseHeadersPolicyId",
  managed: Readonly<Record<string, Policy>>,
): Record<string, Policy> {
  const picked: Record<string, Policy> = {};
  for (const behavior of behaviors) {
    const policy = managed[behavior[member] ?? ""];
    if (policy) picked[behavior[member]!] = policy;
  }
  return picked;
}

function readKey(sql: SqlStorage, publicKeyId: string): TrustedKey[] {
  const resource = readResource(sql, { kind: "public-key", id: publicKeyId });
  if (!resource) return [];
  const { EncodedKey } = JSON.parse(resource.record) as ResourceRecords["public-key"];
  return [{ publicKeyId, pem: EncodedKey }];
}

function toEdgeFunction({ name, live }: ResourceRecords["function"]): EdgeFunction | undefined {
  if (!live) return undefined;
  const bytes = Uint8Array.from(atob(live.code), (character) => character.charCodeAt(0));
  return { name, code: new TextDecoder().decode(bytes), runtime: live.runtime };
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
