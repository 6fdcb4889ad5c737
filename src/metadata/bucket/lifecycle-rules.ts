import type { Tag } from "./documents.ts";

/**
 * Lifecycle rules as plain values, and what they say of one version (Amazon S3 User Guide, "Managing the
 * lifecycle of objects"). Ages are in days, and count from the end of the day in which they were reached.
 */
export interface LifecycleConfiguration {
  readonly rules: readonly LifecycleRule[];
  /** `x-amz-transition-default-minimum-object-size`; absent: all_storage_classes_128K. */
  readonly minimumSize?: "varies_by_storage_class";
}

export interface LifecycleRule {
  readonly id: string;
  readonly enabled: boolean;
  readonly filter: LifecycleFilter;
  readonly expiration?: Expiration;
  readonly transitions?: readonly Transition[];
  readonly noncurrentExpiration?: NoncurrentExpiration;
  readonly noncurrentTransitions?: readonly NoncurrentTransition[];
  /** Of a multipart upload, days after its initiation. */
  readonly abortUploadDays?: number;
}

export interface LifecycleFilter {
  /** How it was written, and is answered: `Prefix` beside the rule's ID, one condition in `Filter`, or several in `And`. */
  readonly form: "prefix" | "one" | "and";
  readonly prefix?: string;
  readonly tags?: readonly Tag[];
  readonly sizeGreaterThan?: number;
  readonly sizeLessThan?: number;
}
/** Days after creation, or from a time on: milliseconds since the epoch. */
export type Moment = { readonly days: number } | { readonly date: number };
export type Expiration = Moment | { readonly expiredDeleteMarker: boolean };
export type Transition = Moment & { readonly storageClass: string };
export interface NoncurrentExpiration {
  readonly days: number;
  /** So many noncurrent versions are kept whatever their age. */
  readonly newerVersions?: number;
}
export interface NoncurrentTransition extends NoncurrentExpiration {
  readonly storageClass: string;
}

/** What rules look at. A delete marker has neither size nor tags. */
export interface LifecycleSubject {
  readonly key: string;
  readonly size?: number;
  readonly tags?: readonly Tag[];
  /** Milliseconds since the epoch: of a noncurrent version, when it became that. */
  readonly since: number;
}

/** When rules are looked at, and how long their days are, in milliseconds. */
export interface Clock {
  readonly now: number;
  readonly dayMs: number;
}

export const DAY_MS = 24 * 3600_000;
const MINIMUM_TRANSITION_BYTES = 128 * 1024;
/** Classes into which smaller objects move too, by `varies_by_storage_class`. */
const ARCHIVES = ["GLACIER", "DEEP_ARCHIVE"];
/** From the cheapest to read to the cheapest to keep: objects move down only. */
const WATERFALL = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "GLACIER_IR",
  ...ARCHIVES,
];

/** When the current version expires, and by which rule: the earliest of those that match it. */
export function findExpiration(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  dayMs: number = DAY_MS,
): { readonly at: number; readonly rule: LifecycleRule } | undefined {
  let first: { at: number; rule: LifecycleRule } | undefined;
  for (const rule of rules) {
    const { expiration } = rule;
    if (!rule.enabled || !expiration || "expiredDeleteMarker" in expiration || !matches(rule.filter, subject)) continue;
    const at = momentOf(expiration, subject.since, dayMs);
    if (!first || at < first.at) first = { at, rule };
  }
  return first;
}

/** Whether a delete marker goes that hides nothing any more. */
export function expiresMarker(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  { now, dayMs }: Clock,
): boolean {
  return rules.some(({ enabled, expiration, filter }) => {
    if (!enabled || !expiration || !matches(filter, subject)) return false;
    if ("expiredDeleteMarker" in expiration) return expiration.expiredDeleteMarker;
    return momentOf(expiration, subject.since, dayMs) <= now;
  });
}

/** Whether a noncurrent version goes that has so many newer noncurrent ones. */
export function expiresNoncurrent(
  rules: readonly LifecycleRule[],
  subject: LifecycleSubject,
  newer: number,
  { now, dayMs }: Clock,
): boolean {
  return rules.some(({ enabled, noncurrentExpiration: rule, filter }) => {
    if (!enabled || !rule || newer < (rule.newerVersions ?? 0) || !matches(filter, subject)) return false;
    return momentOf(rule, subject.since, dayMs) <= now;
  });
}

/** The class to which a version moves now; undefined where it stays. `newer` as above, absent for the current one. */
export function findTransition(
  { rules, minimumSize }: LifecycleConfiguration,
  subject: LifecycleSubject,
  { storageClass, newer }: { readonly storageClass: string; readonly newer?: number },
  { now, dayMs }: Clock,
): string | undefined {
  const small = (subject.size ?? 0) < MINIMUM_TRANSITION_BYTES;
  let target: string | undefined;
  for (const rule of rules) {
    if (!rule.enabled || !matches(rule.filter, subject)) continue;
    const filtersSize = rule.filter.sizeGreaterThan !== undefined || rule.filter.sizeLessThan !== undefined;
    for (const transition of listTransitions(rule, newer)) {
      if (momentOf(transition, subject.since, dayMs) > now) continue;
      const takesSmall = filtersSize || (minimumSize !== undefined && ARCHIVES.includes(transition.storageClass));
      if (small && !takesSmall) continue;
      if (rank(transition.storageClass) > rank(target ?? storageClass)) target = transition.storageClass;
    }
  }
  return target;
}

function listTransitions(rule: LifecycleRule, newer: number | undefined): readonly Transition[] {
  if (newer === undefined) return rule.transitions ?? [];
  return rule.noncurrentTransitions?.filter(({ newerVersions = 0 }) => newer >= newerVersions) ?? [];
}

/** Whether an upload that was begun then is given up now. */
export function abortsUpload(
  rules: readonly LifecycleRule[],
  { key, since }: LifecycleSubject,
  { now, dayMs }: Clock,
): boolean {
  return rules.some(({ enabled, abortUploadDays: days, filter }) => {
    if (!enabled || days === undefined || !key.startsWith(filter.prefix ?? "")) return false;
    return momentOf({ days }, since, dayMs) <= now;
  });
}

function matches({ prefix = "", tags, sizeGreaterThan, sizeLessThan }: LifecycleFilter, subject: LifecycleSubject) {
  if (!subject.key.startsWith(prefix)) return false;
  if (sizeGreaterThan !== undefined && !(subject.size !== undefined && subject.size > sizeGreaterThan)) return false;
  if (sizeLessThan !== undefined && !(subject.size !== undefined && subject.size < sizeLessThan)) return false;
  return (tags ?? []).every(({ key, value }) => subject.tags?.some((tag) => tag.key === key && tag.value === value));
}

/** The midnight after the age is reached, as S3 rounds; of a date, the date. */
function momentOf(moment: Moment, since: number, dayMs: number): number {
  if ("date" in moment) return moment.date;
  return Math.ceil((since + moment.days * dayMs) / dayMs) * dayMs;
}

function rank(storageClass: string): number {
  const place = WATERFALL.indexOf(storageClass);
  // One whose class is not known moves nowhere.
  return place < 0 ? WATERFALL.length : place;
}
