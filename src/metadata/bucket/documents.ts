import type { LifecycleConfiguration } from "./lifecycle-rules.ts";
import type { ReplicationConfiguration } from "./replication-rules.ts";

/**
 * What is configured of a bucket, as plain values. They travel with its `BucketConfig` and are stored as JSON,
 * so fields are only ever added, and optional. An absent document is a bucket as it begins.
 */
export interface BucketDocuments {
  readonly tags?: readonly Tag[];
  /** In the order in which they are tried. */
  readonly cors?: readonly CorsRule[];
  readonly encryption?: BucketEncryption;
  /** "none": removed. Absent: everything is blocked. */
  readonly publicAccessBlock?: PublicAccessBlock | "none";
  /** "none": removed. Absent: BucketOwnerEnforced. */
  readonly objectOwnership?: ObjectOwnership | "none";
  /** Absent: everything to the owner. Kept while ACLs are off. */
  readonly acl?: Acl;
  /** JSON, as it was put. */
  readonly policy?: string;
  readonly notifications?: BucketNotifications;
  readonly website?: WebsiteConfiguration;
  /** Absent: the owner. */
  readonly requestPayer?: "Requester";
  /** Absent: never set. */
  readonly accelerate?: "Enabled" | "Suspended";
  /** Of each kind, by id: what is in the document, as JSON, for those who render it again. */
  readonly numbered?: { readonly [Kind in NumberedKind]?: Readonly<Record<string, string>> };
  readonly logging?: BucketLogging;
  readonly lifecycle?: LifecycleConfiguration;
  readonly replication?: ReplicationConfiguration;
  /** Absent: never enabled. It cannot go back to that. */
  readonly versioning?: Versioning;
  /** Present once object lock is enabled, for ever; versioning is then enabled as well. */
  readonly objectLock?: BucketObjectLock;
}

/** Whether ACLs count, and who owns what others write. ACLs are off in BucketOwnerEnforced alone. */
export type ObjectOwnership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

/** Who may do what, of a bucket or a version of an object. The owner is not part of it. */
export interface Acl {
  readonly grants: readonly Grant[];
}
export interface Grant {
  readonly grantee: Grantee;
  readonly permission: AclPermission;
}
export type Grantee =
  | { readonly kind: "user"; readonly canonicalId: string }
  /** One of S3's groups. */
  | { readonly kind: "group"; readonly uri: string };
export type AclPermission = "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP" | "FULL_CONTROL";

export type Versioning = "Enabled" | "Suspended";

export type RetentionMode = "GOVERNANCE" | "COMPLIANCE";

export interface BucketObjectLock {
  /** Of versions that are written without a retention of their own. */
  readonly defaultRetention?: DefaultRetention;
}

export interface DefaultRetention {
  readonly mode: RetentionMode;
  readonly unit: "Days" | "Years";
  readonly count: number;
}

/** Of a bucket or an object. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface CorsRule {
  readonly id?: string;
  /** With at most one `*` each, like the headers. */
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** What keeps a version from being deleted; never empty. */
export interface ObjectLock {
  readonly retention?: Retention;
  /** Absent: never set. */
  readonly legalHold?: "ON" | "OFF";
}
export interface Retention {
  readonly mode: RetentionMode;
  /** Milliseconds since the epoch. It may have passed. */
  readonly until: number;
}

/** Configurations of which a bucket has several. */
export type NumberedKind = "analytics" | "intelligentTiering" | "inventory" | "metrics";

/** How the bucket is shown as a website: elsewhere as a whole, or by its objects. */
export interface WebsiteConfiguration {
  readonly redirectAllTo?: WebsiteRedirect;
  readonly indexSuffix?: string;
  readonly errorKey?: string;
  /** In the order in which they are tried. */
  readonly rules?: readonly RoutingRule[];
}

export interface RoutingRule {
  /** HTTP status of an error. Absent: also of requests that would succeed. */
  readonly errorCode?: number;
  readonly keyPrefix?: string;
  readonly redirect: WebsiteRedirect;
}

/** What is absent stays as it was asked for. */
export interface WebsiteRedirect {
  readonly hostName?: string;
  readonly protocol?: "http" | "https";
  /** Absent: 301. */
  readonly code?: number;
  readonly replaceKeyPrefixWith?: string;
  readonly replaceKeyWith?: string;
}

/** The default encryption of new objects. */
export interface BucketEncryption {
  readonly bucketKeyEnabled: boolean;
  /** Absent: AES256, as R2 encrypts every body. */
  readonly kms?: KmsDefault;
  /** Writes with customers' keys are refused. */
  readonly blocksCustomerKeys?: boolean;
  /** Nobody has set it, in a bucket that begins as those before 2023: it is not shown. */
  readonly unset?: true;
}

export interface KmsDefault {
  readonly algorithm: "aws:kms" | "aws:kms:dsse";
  /** As the client names it; absent: `aws/s3`. */
  readonly keyName?: string;
}

export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** Who is told of what happens to the bucket's objects. */
export interface BucketNotifications {
  /** In the order of the document. */
  readonly subscriptions: readonly Subscription[];
  /** What the client said; no events leave for EventBridge. */
  readonly eventBridge: boolean;
}

export interface Subscription {
  /** Unique in the bucket. */
  readonly id: string;
  /** ARN; its service says of which kind it is. */
  readonly destination: string;
  /** `s3:ObjectCreated:*`, `s3:ObjectRemoved:Delete`. */
  readonly events: readonly string[];
  /** Of the key, form-encoded as the client wrote it. */
  readonly prefix?: string;
  readonly suffix?: string;
}

/** Where a record of each request to the bucket goes. */
export interface BucketLogging {
  /** Of the same account. */
  readonly targetBucket: string;
  readonly targetPrefix: string;
  /** To the objects with the records, beside their owner's. */
  readonly grants?: readonly Grant[];
  /** How their keys are made; absent: `<prefix>YYYY-MM-DD-hh-mm-ss-<unique>`. */
  readonly keyFormat?: "simple" | "event-time" | "delivery-time";
}
