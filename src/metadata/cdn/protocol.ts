import type { DistributionConfig } from "./distribution-config.ts";
import type { Protection } from "./protection.ts";
import type {
  CachePolicyConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from "./policy-configs.ts";

/**
 * What the Worker and a Distribution object say to each other. Plain values only: expected outcomes are
 * values, and fields are only ever added (objects run old code for minutes after a deploy).
 */

/**
 * A location answers from a snapshot that it asked for at most this long ago, so that a change is in force
 * everywhere that much later.
 */
export const SNAPSHOT_FRESH_MS = 5_000;

/** Everything that answering for a distribution takes: its configuration and all that this refers to. */
export interface DistributionSnapshot {
  /** `E` and 13 upper-case letters and digits. */
  readonly id: string;
  readonly accountId: string;
  /** `<id in lower case>.cdn.<domain>` */
  readonly domainName: string;
  /** Grows with every change of anything in the snapshot, invalidations included. */
  readonly revision: number;
  readonly enabled: boolean;
  readonly config: DistributionConfig;
  /** By id, as the following; AWS's managed ones among them. */
  readonly cachePolicies: Readonly<Record<string, CachePolicyConfig>>;
  readonly originRequestPolicies: Readonly<Record<string, OriginRequestPolicyConfig>>;
  readonly responseHeadersPolicies: Readonly<Record<string, ResponseHeadersPolicyConfig>>;
  readonly originAccessControls: Readonly<Record<string, OriginAccessControlConfig>>;
  /** The keys of trusted key groups. */
  readonly keyGroups: Readonly<Record<string, readonly TrustedKey[]>>;
  /** CloudFront Functions as published, by ARN. */
  readonly functions: Readonly<Record<string, EdgeFunction>>;
  /** In ascending order of their numbers. */
  readonly invalidations: readonly InvalidationRecord[];
  readonly protection?: Protection;
}

export interface TrustedKey {
  readonly publicKeyId: string;
  readonly pem: string;
}

export interface EdgeFunction {
  readonly name: string;
  /** Source text. */
  readonly code: string;
  /** `cloudfront-js-1.0` or `cloudfront-js-2.0` */
  readonly runtime: string;
}

/**
 * One invalidation. It concerns what was asked of the origin before its number was known: an entry keeps the
 * highest number of the snapshot under which its origin request began, and any record above that which
 * matches makes it a miss. Old records may be merged into ones of fewer, wider paths with the highest of
 * their numbers, which look just the same.
 */
export interface InvalidationRecord {
  readonly number: number;
  /** As CreateInvalidation took them: with a leading slash, percent-encoded; `*` at the end is any rest. */
  readonly paths: readonly string[];
  /** Cache tags, in full. */
  readonly tags?: readonly string[];
  /** What matches becomes stale, not a miss. */
  readonly soft?: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What the registry pushes: a snapshot without what the Distribution object adds by itself. */
export type CompiledDistribution = Omit<DistributionSnapshot, "revision" | "invalidations" | "protection">;

/** What CreateInvalidation asks for, and a soft purge. */
export interface InvalidationRequest {
  readonly callerReference: string;
  readonly paths: readonly string[];
  readonly tags?: readonly string[];
  readonly soft?: boolean;
}

export interface Invalidation {
  /** `I` and 13 upper-case letters and digits. */
  readonly id: string;
  readonly callerReference: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
  readonly soft: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type InvalidationOutcome =
  | { readonly outcome: "ok"; readonly invalidation: Invalidation }
  /** The caller reference was used for other paths. */
  | { readonly outcome: "already-exists" }
  | { readonly outcome: "no-such-distribution" };

/** What a list shows: a page of whole ones could have 300,000 paths. */
export type InvalidationSummary = Pick<Invalidation, "id" | "createdAt">;

export interface InvalidationPage {
  readonly items: readonly InvalidationSummary[];
  /** Whether there are more after these. */
  readonly truncated: boolean;
}

/** What the Worker calls, and the registry. */
export interface DistributionApi {
  /** The snapshot; `"unchanged"` when its revision is the one that the caller has; undefined when there is none. */
  read(knownRevision?: number): Promise<DistributionSnapshot | "unchanged" | undefined>;
  /** Takes a configuration over, unless it has that revision or a later one. Undefined deletes it for good. */
  install(configurationRevision: number, compiled: CompiledDistribution | undefined): Promise<void>;
  /** Replaces what protects the distribution; false when there is none. */
  setProtection(protection: Protection): Promise<boolean>;
  createInvalidation(request: InvalidationRequest): Promise<InvalidationOutcome>;
  findInvalidation(id: string): Promise<Invalidation | undefined>;
  /** Newest first. */
  listInvalidations(afterId: string | undefined, limit: number): Promise<InvalidationPage>;
}
