import type { ElementShape, ParentShape } from "./document-shape.ts";

/** The documents of configurations of which a bucket has several (API Reference, "Data Types"). */

const TEXT: ElementShape = { text: "any" };
const REQUIRED: ElementShape = { text: "any", required: true };

const TAG: ParentShape = { children: { Key: REQUIRED, Value: REQUIRED } };

/** By prefix, by tag, or by several of both. */
function filterBy(more: Readonly<Record<string, ElementShape>> = {}): ElementShape {
  return {
    choice: true,
    children: {
      Prefix: TEXT,
      Tag: TAG,
      ...more,
      And: { children: { Prefix: TEXT, Tag: { ...TAG, repeated: true }, ...more } },
    },
  };
}

export const ANALYTICS: ParentShape = {
  children: {
    Id: REQUIRED,
    Filter: filterBy(),
    StorageClassAnalysis: {
      required: true,
      children: {
        DataExport: {
          children: {
            OutputSchemaVersion: { text: ["V_1"], required: true },
            Destination: {
              required: true,
              children: {
                S3BucketDestination: {
                  required: true,
                  children: {
                    Format: { text: ["CSV"], required: true },
                    BucketAccountId: TEXT,
                    Bucket: REQUIRED,
                    Prefix: TEXT,
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

export const METRICS: ParentShape = { children: { Id: REQUIRED, Filter: filterBy({ AccessPointArn: TEXT }) } };

export const INTELLIGENT_TIERING: ParentShape = {
  children: {
    Id: REQUIRED,
    Filter: filterBy(),
    Status: { text: ["Enabled", "Disabled"], required: true },
    Tiering: {
      required: true,
      repeated: true,
      children: {
        AccessTier: { text: ["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"], required: true },
        Days: REQUIRED,
      },
    },
  },
};

const INVENTORY_FIELDS = [
  "Size",
  "LastModifiedDate",
  "StorageClass",
  "ETag",
  "IsMultipartUploaded",
  "ReplicationStatus",
  "EncryptionStatus",
  "ObjectLockRetainUntilDate",
  "ObjectLockMode",
  "ObjectLockLegalHoldStatus",
  "IntelligentTieringAccessTier",
  "BucketKeyStatus",
  "ChecksumAlgorithm",
  "ObjectAccessControlList",
  "ObjectOwner",
  "LifecycleExpirationDate",
];

export const INVENTORY: ParentShape = {
  children: {
    Id: REQUIRED,
    IsEnabled: { text: ["true", "false"], required: true },
    IncludedObjectVersions: { text: ["All", "Current"], required: true },
    Filter: { children: { Prefix: REQUIRED } },
    OptionalFields: { children: { Field: { text: INVENTORY_FIELDS, repeated: true } } },
    Schedule: { required: true, children: { Frequency: { text: ["Daily", "Weekly"], required: true } } },
    Destination: {
      required: true,
      children: {
        S3BucketDestination: {
          required: true,
          children: {
            AccountId: TEXT,
            Bucket: REQUIRED,
            Format: { text: ["CSV", "ORC", "Parquet"], required: true },
            Prefix: TEXT,
            Encryption: {
              choice: true,
              children: { "SSE-S3": { children: {} }, "SSE-KMS": { children: { KeyId: REQUIRED } } },
            },
          },
        },
      },
    },
  },
};
