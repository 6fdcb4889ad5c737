/**
 * What protects a distribution from its visitors, which CloudFront leaves to AWS WAF. As kept, and as
 * `/_verge/api/distributions/{id}/protection` takes it: docs/cdn.md describes the members.
 */
export interface Protection {
  /** In order: the first that matches decides. */
  readonly rules?: readonly ProtectionRule[] | undefined;
  readonly rateLimits?: readonly RateLimitRule[] | undefined;
  readonly maxBodyBytes?: number | undefined;
  /** Of path and query, as sent. */
  readonly maxUrlBytes?: number | undefined;
  readonly hotlink?: HotlinkRule | undefined;
  readonly challenge?: ChallengeRule | undefined;
  readonly circuitBreaker?: CircuitBreakerRule | undefined;
}

/** All of the conditions that are given must hold, each by any of its values. */
export interface ProtectionRule {
  /** `allow` ends the look through rules, rate limits and challenge. */
  readonly action: "allow" | "block" | "challenge";
  /** `203.0.113.0/24`, `2001:db8::1`. */
  readonly addresses?: readonly string[] | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly countries?: readonly string[] | undefined;
  /** As path patterns of behaviours. */
  readonly paths?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
  /** `matches` has `*` for any characters and ignores case; without it the header must be there. */
  readonly headers?: readonly { readonly name: string; readonly matches?: string | undefined }[] | undefined;
}

/** Requests in ten seconds that a limit may allow: those for which the deployment has a binding. */
export const RATE_LIMITS = [10, 100, 1000] as const;
export type RateLimitTier = (typeof RATE_LIMITS)[number];

export interface RateLimitRule {
  /** In ten seconds, in one location. */
  readonly requests: RateLimitTier;
  /** What is counted apart: `address`, `path`, `header:<name>`. */
  readonly by: readonly string[];
  readonly paths?: readonly string[] | undefined;
}

export interface HotlinkRule {
  readonly paths: readonly string[];
  /** Hosts whose pages may embed; `*.example.com` is any below it. The distribution's own always may. */
  readonly hosts: readonly string[];
  /** Whether requests without a Referer pass: they do unless it says no. */
  readonly allowEmpty?: boolean | undefined;
}

export interface ChallengeRule {
  readonly paths: readonly string[];
  /** Leading zero bits of the hash that a browser has to find; 16 by default. */
  readonly difficulty?: number | undefined;
  /** How long a browser that has found it passes; an hour by default. */
  readonly seconds?: number | undefined;
}

export interface CircuitBreakerRule {
  /** Failures of an origin, one after the other, from which on it is left alone. */
  readonly failures: number;
  /** For how long; then one request tries. */
  readonly seconds: number;
}
