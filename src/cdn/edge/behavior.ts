import type { TtlPolicy } from "../engine/freshness.ts";
import type { Origin } from "../../metadata/cdn/distribution-config.ts";
import type { ResponseHeadersPolicyConfig } from "../../metadata/cdn/policy-configs.ts";
import type { BehaviorFunctions } from "../functions/associations.ts";
import type { NameFilter } from "./name-filter.ts";

/** A cache behaviour, ready to be used: policies looked up, lists made sets. */
export interface Behavior {
  /** Among those with path patterns; -1 is the default one. */
  readonly position: number;
  readonly viewerProtocolPolicy: "allow-all" | "https-only" | "redirect-to-https";
  readonly allowedMethods: ReadonlySet<string>;
  readonly cachedMethods: ReadonlySet<string>;
  /** Whether anything can be stored at all. */
  readonly caches: boolean;
  readonly ttl: TtlPolicy;
  /** How long an origin that failed with a status is not asked again while a stale response covers it, in seconds. */
  readonly coverSeconds: ReadonlyMap<number, number>;
  readonly key: KeyPolicy;
  readonly forward: ForwardPolicy;
  readonly compress: boolean;
  /** The primary, then the one to fall back on. */
  readonly origins: readonly OriginTarget[];
  readonly failoverStatuses: ReadonlySet<number>;
  readonly responseHeaders: ResponseHeadersPolicyConfig | undefined;
  /** PEM by the id of a public key; undefined where no signature is asked for. */
  readonly trustedKeys: ReadonlyMap<string, string> | undefined;
  /** Whether the viewer's Cache-Control and Pragma count. */
  readonly honoursRequestDirectives: boolean;
  /** Undefined where no functions run. */
  readonly functions: BehaviorFunctions | undefined;
}

/** What of a viewer's request is in the cache key. */
export interface KeyPolicy {
  readonly query: NameFilter;
  readonly cookies: NameFilter;
  /** Lower case, in order. */
  readonly headers: readonly string[];
  /** Codings that Accept-Encoding is reduced to, the preferred one first. */
  readonly codings: readonly string[];
}

/** What of a viewer's request reaches the origin; what is in the key always does. */
export interface ForwardPolicy {
  readonly query: NameFilter;
  readonly cookies: NameFilter;
  forwardsHeader(name: string): boolean;
  /** Headers made here that the policy names. */
  readonly madeHeaders: readonly string[];
  /** Whether all of the viewer's headers are to be looked through. */
  readonly allHeaders: boolean;
  /** Lower case: those to be looked up where not all are. */
  readonly headers: readonly string[];
}

export interface OriginTarget {
  readonly origin: Origin;
  /** Headers for the origin, without the settings for this product. */
  readonly customHeaders: readonly (readonly [name: string, value: string])[];
  /** Whether requests are made in the name of the distribution. */
  readonly signs: boolean;
}
