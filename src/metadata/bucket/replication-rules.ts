import type { Tag } from "./documents.ts";

/**
 * Replication rules as plain values, and which of them say where a version goes (Amazon S3 User Guide,
 * "Replication configuration file elements").
 */
export interface ReplicationConfiguration {
  /** ARN of the role as which S3 replicates. */
  readonly role: string;
  readonly rules: readonly ReplicationRule[];
}

export type Switch = "Enabled" | "Disabled";

export interface ReplicationRule {
  readonly id: string;
  readonly enabled: boolean;
  /** Of rules with the same destination the one with the highest counts. Absent in version 1. */
  readonly priority?: number;
  readonly filter: ReplicationFilter;
  readonly destination: ReplicationDestination;
  /** Version 1 has none, and replicates them. */
  readonly deleteMarkers?: Switch;
  readonly existingObjects?: "Disabled";
  /** Of objects that a KMS key encrypts. */
  readonly kmsObjects?: Switch;
  /** Of what is changed of replicas: tags, ACLs, locks. */
  readonly replicaModifications?: Switch;
}

export interface ReplicationFilter {
  /** How it was written, and is answered: `Prefix` or nothing (version 1), one condition in `Filter`, or several in `And`. */
  readonly form: "version-1" | "one" | "and";
  readonly prefix?: string;
  readonly tags?: readonly Tag[];
}

export interface ReplicationDestination {
  /** Its name. */
  readonly bucket: string;
  readonly accountId?: string;
  /** Absent: the source's. */
  readonly storageClass?: string;
  /** Replicas belong to the owner of the destination. */
  readonly overridesOwner?: boolean;
  /** For the data keys of replicas, as the client names it. */
  readonly kmsKey?: string;
  /** Stored only: replication begins at once for everybody. */
  readonly time?: { readonly status: Switch; readonly minutes: number };
  /** Whether failures are told as events. */
  readonly metrics?: { readonly status: Switch; readonly minutes?: number };
}

export interface ReplicationSubject {
  readonly key: string;
  readonly tags?: readonly Tag[];
  /** A KMS key encrypts it. */
  readonly kms?: boolean;
}

/**
 * What waits to be replicated: a row for each change and destination, written in the transaction of the change
 * itself. It names the version; what the version is like is read when the row's turn comes.
 */
export interface ReplicationRow {
  /** The bucket's name. */
  readonly destination: string;
  /** The sequence of the change. */
  readonly change: number;
  /** Among the rows of the change. */
  readonly position: number;
  readonly key: string;
  readonly versionId: string;
  /** Of the rule by which it goes. */
  readonly rule: string;
  /** The version itself, rather than what was changed of it. */
  readonly whole: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** By which rules a new version goes where: one for each destination. */
export function findReplicationRules(
  { rules }: ReplicationConfiguration,
  subject: ReplicationSubject,
): ReplicationRule[] {
  const matching = rules.filter((rule) => rule.enabled && covers(rule.filter, subject));
  return chooseByDestination(matching).filter((rule) => !subject.kms || rule.kmsObjects === "Enabled");
}

/** The same of a delete marker. It has no tags: rules that ask for some are not about it. */
export function findMarkerRules({ rules }: ReplicationConfiguration, key: string): ReplicationRule[] {
  const matching = rules.filter((rule) => rule.enabled && covers(rule.filter, { key }));
  return chooseByDestination(matching).filter((rule) =>
    rule.filter.form === "version-1" ? rule.deleteMarkers !== "Disabled" : rule.deleteMarkers === "Enabled",
  );
}

/** The same of what is changed of a replica. */
export function findModificationRules(
  { rules }: ReplicationConfiguration,
  subject: ReplicationSubject,
): ReplicationRule[] {
  const matching = rules.filter((rule) => rule.enabled && covers(rule.filter, subject));
  return chooseByDestination(matching).filter((rule) => rule.replicaModifications === "Enabled");
}

function covers({ prefix = "", tags = [] }: ReplicationFilter, subject: ReplicationSubject): boolean {
  if (!subject.key.startsWith(prefix)) return false;
  return tags.every(({ key, value }) => subject.tags?.some((tag) => tag.key === key && tag.value === value));
}

function chooseByDestination(rules: readonly ReplicationRule[]): ReplicationRule[] {
  const chosen = new Map<string, ReplicationRule>();
  for (const rule of rules) {
    const other = chosen.get(rule.destination.bucket);
    if (!other || (rule.priority ?? 0) > (other.priority ?? 0)) chosen.set(rule.destination.bucket, rule);
  }
  return [...chosen.values()];
}
