import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import { formatIsoTime } from "../../lib/iso-time.ts";
import { encodeKey } from "../../lib/percent.ts";
import type { Acl } from "../../metadata/bucket/documents.ts";
import type { InventoryEntry } from "../../metadata/bucket/inventory-page.ts";
import { findExpiration } from "../../metadata/bucket/lifecycle-rules.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";

/** What the columns of a report are read from. */
export interface ReportedBucket {
  readonly config: BucketConfig;
  /** The canonical id of an account; empty where there is none any more. */
  readonly canonicalIdOf: (accountId: string) => Promise<string>;
}

type Field = (entry: InventoryEntry, bucket: ReportedBucket) => string | undefined | Promise<string>;

const CURRENT_FIELDS = ["Bucket", "Key"];
const VERSION_FIELDS = [...CURRENT_FIELDS, "VersionId", "IsLatest", "IsDeleteMarker"];

/** By AWS's names; of a delete marker all but the last modification and the owner are empty. */
const FIELDS: Readonly<Record<string, Field>> = {
  Bucket: (_, { config }) => config.name,
  Key: ({ key }) => encodeKey(key),
  VersionId: ({ versionId }) => versionId,
  IsLatest: ({ latest }) => String(latest),
  IsDeleteMarker: ({ deleteMarker }) => String(deleteMarker),
  Size: ({ size }) => String(size),
  LastModifiedDate: ({ modifiedAt }) => formatIsoTime(modifiedAt),
  ETag: ({ etag }) => etag,
  StorageClass: ({ storageClass }) => storageClass,
  IsMultipartUploaded: ({ partsCount }) => String(partsCount !== undefined),
  ReplicationStatus: ({ attributes: { replication } }) => replication?.status,
  EncryptionStatus: describeEncryption,
  ObjectLockRetainUntilDate: ({ attributes: { lock } }) => lock?.retention && formatIsoTime(lock.retention.until),
  ObjectLockMode: ({ attributes: { lock } }) => lock?.retention?.mode,
  ObjectLockLegalHoldStatus: ({ attributes: { lock } }) => lock?.legalHold,
  IntelligentTieringAccessTier: ({ storageClass }) => (storageClass === "INTELLIGENT_TIERING" ? "FREQUENT" : undefined),
  BucketKeyStatus: ({ attributes: { encryption } }) =>
    encryption?.kind === "kms" ? (encryption.bucketKeyEnabled ? "ENABLED" : "DISABLED") : undefined,
  ChecksumAlgorithm: ({ checksum }) => checksum?.algorithm,
  ObjectAccessControlList: describeAcl,
  ObjectOwner: ({ ownerId }, { canonicalIdOf }) => canonicalIdOf(ownerId),
  LifecycleExpirationDate: describeExpiration,
};
const OF_MARKERS = new Set([...VERSION_FIELDS, "LastModifiedDate", "ObjectOwner"]);

/** The columns of a report, in their order. */
export function listColumns(allVersions: boolean, optional: readonly string[]): string[] {
  return [...(allVersions ? VERSION_FIELDS : CURRENT_FIELDS), ...optional];
}

/** A line of CSV, with its line feed. Every value is quoted, as S3 does. */
export async function formatLine(
  columns: readonly string[],
  entry: InventoryEntry,
  bucket: ReportedBucket,
): Promise<string> {
  const values: string[] = [];
  for (const column of columns) {
    const field = entry.deleteMarker && !OF_MARKERS.has(column) ? undefined : FIELDS[column];
    const value = field?.(entry, bucket) ?? "";
    // Only what needs an account is waited for.
    values.push(typeof value === "string" ? value : await value);
  }
  return `${values.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")}\n`;
}

function describeEncryption({ attributes: { encryption } }: InventoryEntry): string {
  if (!encryption) return "SSE-S3";
  if (encryption.kind === "customer") return "SSE-C";
  return encryption.algorithm === "aws:kms:dsse" ? "DSSE-KMS" : "SSE-KMS";
}

/** Base64 of JSON; see "Object ACL field" in S3's User Guide. */
async function describeAcl({ ownerId, attributes }: InventoryEntry, bucket: ReportedBucket): Promise<string> {
  const ownerCanonicalId = await bucket.canonicalIdOf(ownerId);
  const everything = { canonicalId: ownerCanonicalId, type: "CanonicalUser", permission: "FULL_CONTROL" };
  const acl = aclsCount(bucket.config) ? attributes.acl : undefined;
  const document = {
    version: "2022-11-10",
    status: "AVAILABLE",
    grants: acl ? acl.grants.map(describeGrant) : [everything],
  };
  return Buffer.from(JSON.stringify(document)).toString("base64");
}

function describeGrant({ grantee, permission }: Acl["grants"][number]): object {
  return grantee.kind === "user"
    ? { canonicalId: grantee.canonicalId, type: "CanonicalUser", permission }
    : { uri: grantee.uri, type: "Group", permission };
}

/** Of current versions, by the rules as they are. */
function describeExpiration(entry: InventoryEntry, { config }: ReportedBucket): string | undefined {
  const rules = config.documents?.lifecycle?.rules;
  if (!rules || !entry.latest) return undefined;
  const { key, size, modifiedAt: since, attributes } = entry;
  const found = findExpiration(rules, { key, size, since, tags: attributes.tags ?? [] });
  return found && formatIsoTime(found.at);
}
