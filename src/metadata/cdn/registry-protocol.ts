import type { NameSet } from "../../lib/name-set.ts";
import type { DistributionConfig } from "./distribution-config.ts";
import type {
  CachePolicyConfig,
  OriginAccessControlConfig,
  OriginRequestPolicyConfig,
  ResponseHeadersPolicyConfig,
} from "./policy-configs.ts";

/**
 * What the Worker and the CdnRegistry say to each other. Plain values only: expected outcomes are values, and
 * fields are only ever added (objects run old code for minutes after a deploy).
 */

/** What distributions refer to by an id, with what is kept of each. */
export interface ResourceRecords {
  readonly "cache-policy": CachePolicyConfig;
  readonly "origin-request-policy": OriginRequestPolicyConfig;
  readonly "response-headers-policy": ResponseHeadersPolicyConfig;
  readonly "origin-access-control": OriginAccessControlConfig;
  readonly "origin-access-identity": OriginAccessIdentityConfig;
  readonly "public-key": PublicKeyConfig;
  readonly "key-group": KeyGroupConfig;
  readonly function: FunctionRecord;
}

export type ResourceKind = keyof ResourceRecords;

export interface OriginAccessIdentityConfig {
  readonly CallerReference: string;
  readonly Comment: string;
}

export interface PublicKeyConfig {
  readonly CallerReference: string;
  readonly Name: string;
  /** PEM. */
  readonly EncodedKey: string;
  readonly Comment: string;
}

export interface KeyGroupConfig {
  readonly Name: string;
  /** Ids of public keys. */
  readonly Items: readonly string[];
  readonly Comment: string;
}

/** A CloudFront Function: what is being written, and what distributions run. Its id is its ARN. */
export interface FunctionRecord {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly development: FunctionStage;
  /** Absent until it is published. It has a version of its own; that of the other is the resource's. */
  readonly live?: FunctionStage & { readonly etag: string };
}

export interface FunctionStage {
  readonly comment: string;
  /** `cloudfront-js-1.0` or `cloudfront-js-2.0` */
  readonly runtime: string;
  /** Base64 of the source as it was sent. */
  readonly code: string;
  /** Milliseconds since the epoch, as are the following. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** Another resource that something refers to. */
export interface Reference {
  readonly kind: ResourceKind;
  readonly id: string;
}

export interface NewResource {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly accountId: string;
  /** Unique among the account's of that kind. */
  readonly name: string;
  /** JSON of its ResourceRecords. */
  readonly record: string;
  readonly references: readonly Reference[];
}

export interface StoredResource extends Omit<NewResource, "references"> {
  readonly etag: string;
  readonly createdAt: number;
  readonly modifiedAt: number;
}

export interface ResourceChange {
  readonly name: string;
  readonly record: string;
  readonly references: readonly Reference[];
  /** Its version stays: what clients write is as it was. */
  readonly sameVersion?: boolean;
}

export type ResourceOutcome =
  | { readonly outcome: "ok"; readonly resource: StoredResource }
  /** Another of the account has the name: that one. */
  | { readonly outcome: "already-exists"; readonly resource: StoredResource }
  | { readonly outcome: "missing-reference"; readonly reference: Reference }
  | { readonly outcome: "too-many" }
  | { readonly outcome: "not-found" }
  /** Its ETag is another. */
  | { readonly outcome: "precondition-failed" }
  | { readonly outcome: "in-use" };

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Whether there are more after these. */
  readonly truncated: boolean;
}

export interface StoredDistribution {
  readonly id: string;
  readonly accountId: string;
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
  /** Since when the data plane has the latest of everything; absent while it has not. */
  readonly pushedAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly config: DistributionConfig;
}

export interface NewDistribution {
  readonly id: string;
  readonly accountId: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly config: DistributionConfig;
  readonly references: readonly Reference[];
}

export type DistributionOutcome =
  | { readonly outcome: "ok"; readonly distribution: StoredDistribution }
  /** The caller reference is that of another distribution of the account. */
  | { readonly outcome: "already-exists"; readonly distribution: StoredDistribution }
  | { readonly outcome: "alias-taken"; readonly alias: string }
  | { readonly outcome: "missing-reference"; readonly reference: Reference }
  | { readonly outcome: "too-many" }
  | { readonly outcome: "not-found" }
  | { readonly outcome: "precondition-failed" }
  | { readonly outcome: "not-disabled" };

export interface AliasHolder {
  readonly alias: string;
  readonly distributionId: string;
  readonly accountId: string;
}

/** What the Worker calls. Everything that belongs to another account is not found. */
export interface CdnRegistryApi {
  /** The distribution that has an alias for that host (lower case): the host itself, or a wildcard above it. */
  findAlias(host: string): Promise<string | undefined>;
  /** The ids of all distributions, and their aliases as they are written. */
  readNames(): Promise<NameSet>;

  createResource(created: NewResource): Promise<ResourceOutcome>;
  findResource(kind: ResourceKind, accountId: string, id: string): Promise<StoredResource | undefined>;
  /** `etag` must be the resource's. */
  changeResource(
    kind: ResourceKind,
    accountId: string,
    id: string,
    etag: string,
    change: ResourceChange,
  ): Promise<ResourceOutcome>;
  deleteResource(kind: ResourceKind, accountId: string, id: string, etag: string): Promise<ResourceOutcome>;
  /** By id, after the one given. */
  listResources(
    kind: ResourceKind,
    accountId: string,
    after: string | undefined,
    limit: number,
  ): Promise<Page<StoredResource>>;

  createDistribution(created: NewDistribution): Promise<DistributionOutcome>;
  findDistribution(accountId: string, id: string): Promise<StoredDistribution | undefined>;
  changeDistribution(
    accountId: string,
    id: string,
    etag: string,
    config: DistributionConfig,
    references: readonly Reference[],
  ): Promise<DistributionOutcome>;
  deleteDistribution(accountId: string, id: string, etag: string): Promise<DistributionOutcome>;
  /** By id, after the one given; with `reference` those that refer to it. */
  listDistributions(
    accountId: string,
    after: string | undefined,
    limit: number,
    reference?: Reference,
  ): Promise<Page<StoredDistribution>>;
  /** Takes tags in; those of `removed` keys go. */
  changeDistributionTags(
    accountId: string,
    id: string,
    put: Readonly<Record<string, string>>,
    removed: readonly string[],
  ): Promise<DistributionOutcome>;
  /** Moves an alias from another distribution of the account, whole wildcards excepted. */
  moveAlias(accountId: string, id: string, alias: string): Promise<DistributionOutcome>;
  /** Who has an alias that covers `alias` or that it covers. */
  listConflictingAliases(alias: string, limit: number): Promise<readonly AliasHolder[]>;
}
