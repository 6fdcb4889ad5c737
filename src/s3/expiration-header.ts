import { formatHttpDate } from "../lib/http-date.ts";
import { findExpiration } from "../metadata/bucket/lifecycle-rules.ts";
import type { BucketConfig, ObjectRecord } from "../metadata/bucket/protocol.ts";

/**
 * `x-amz-expiration` of a current version: when a lifecycle rule will expire it, and which. By days of 24 hours,
 * also where a deployment counts shorter ones to try its rules out.
 */
export function expirationHeader({ documents }: BucketConfig, object: ObjectRecord): Record<string, string> {
  const rules = documents?.lifecycle?.rules;
  if (!rules) return {};
  const { key, size, modifiedAt: since, attributes } = object;
  const found = findExpiration(rules, { key, size, since, tags: attributes.tags ?? [] });
  if (!found) return {};
  const { at, rule } = found;
  return { "x-amz-expiration": `expiry-date="${formatHttpDate(at)}", rule-id="${encodeURIComponent(rule.id)}"` };
}
