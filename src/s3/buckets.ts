import { isPublicGrant } from "../auth/policy/acl.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { AccessRequest } from "../lib/operation.ts";
import { children } from "../lib/xml.ts";
import type { BucketEntry, NewBucket } from "../metadata/registry/protocol.ts";
import type { Acl, BucketDocuments, ObjectOwnership, Tag } from "../metadata/bucket/documents.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { hasGrantHeaders } from "./acl/grants.ts";
import { readAclHeaders } from "./acl/write-acl.ts";
import { configureIndexes, createIndexes, deleteIndexes, settleDeletion } from "./bucket-indexes.ts";
import { settleDeletingBucket } from "./settle-bucket.ts";
import { checkLocation, readLocationConstraint } from "./bucket-location.ts";
import { bucketArn, checkBucketName } from "./bucket-name.ts";
import { callerAccount, type S3Call, type S3Result } from "./call.ts";
import { readInteger } from "./checks.ts";
import { isObjectOwnership } from "./config/ownership-controls.ts";
import { UNSET_ENCRYPTION } from "./config/encryption.ts";
import { invalidArgument, notImplementedHeader, s3Error } from "./errors.ts";
import { readTags } from "./tags.ts";
import { parseXmlBody, readBoundedBody } from "./xml-body.ts";

/** Where S3 answers 200 to an owner who creates a bucket again, for the sake of old clients. */
const LENIENT_REGION = "us-east-1";
const MAX_CONFIGURATION_BYTES = 64 * 1024;
/** What buckets began with before 2023; `VERGE_BUCKET_DEFAULTS=open` asks for it. */
const OPEN_DEFAULTS: BucketDocuments = {
  objectOwnership: "none",
  publicAccessBlock: "none",
  encryption: UNSET_ENCRYPTION,
};
/** An extension: how many index objects share the bucket's 1,024 slots (1 to 64). */
const SHARDS_HEADER = "x-verge-index-shards";
const MAX_SHARDS = 64;
const LOCK_HEADER = "x-amz-bucket-object-lock-enabled";

/** CreateBucket: takes the name, makes the index objects, then lets the bucket be seen. A repetition resumes after a crash. */
export async function createBucket(call: S3Call): Promise<S3Result> {
  checkBucketName(call.bucketName);
  requireValue(call.headers, "x-amz-bucket-namespace", "global");
  const shards = readInteger(SHARDS_HEADER, call.headers.get(SHARDS_HEADER), 1, 1, MAX_SHARDS);
  const initial = await readInitialDocuments(call);
  const tags = await readConfiguration(call);
  const documents = tags.length > 0 ? { ...initial, tags } : initial;
  const bucket: NewBucket = {
    name: call.bucketName,
    accountId: callerAccount(call).id,
    region: call.settings.region,
    shards,
  };
  const work = establishBucket(call, bucket, documents);
  call.defer(work);
  await work;
  return { headers: { location: `/${call.bucketName}`, "x-amz-bucket-arn": bucketArn(call.bucketName) } };
}

/** What a bucket is configured with at its creation needs the permissions of configuring it (CreateBucket, "Permissions"). */
export function createBucketAccess({ headers }: Pick<S3Call, "headers">): readonly AccessRequest[] {
  const actions = ["s3:CreateBucket"];
  if (headers.has("x-amz-acl") || hasGrantHeaders(headers)) actions.push("s3:PutBucketAcl");
  if (headers.has("x-amz-object-ownership")) actions.push("s3:PutBucketOwnershipControls");
  if (headers.get(LOCK_HEADER)?.toLowerCase() === "true") {
    actions.push("s3:PutBucketObjectLockConfiguration", "s3:PutBucketVersioning");
  }
  return actions.map((action) => ({ action }));
}

function notEmpty({ bucket: { config } }: S3Call) {
  const versions = config.documents?.versioning !== undefined;
  return s3Error("BucketNotEmpty", {
    detail: { BucketName: config.name },
    ...(versions && {
      message: "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    }),
  });
}

/** HeadBucket: that it exists and where. */
export async function headBucket(call: S3Call): Promise<S3Result> {
  return {
    headers: {
      "x-amz-bucket-arn": bucketArn(call.bucketName),
      "x-amz-bucket-region": call.bucket.config.region,
      "x-amz-access-point-alias": "false",
    },
  };
}

/**
 * DeleteBucket: only an empty bucket. Multipart uploads in progress do not count; they end with the bucket,
 * as in S3's general purpose buckets.
 */
export async function deleteBucket(call: S3Call): Promise<S3Result> {
  const work = removeBucket(call);
  // A client that hangs up does not leave the bucket sealed (rule 9).
  call.defer(work);
  await work;
  return { status: 204 };
}

async function removeBucket(call: S3Call): Promise<void> {
  const { name, bucketId, shards } = call.bucket.config;
  const announce = () => askRegistry(call.env, (registry) => registry.markBucketDeleting(name, bucketId));
  const outcome = await deleteIndexes(call.env, { bucketId, shards }, announce);
  if (outcome === "not-empty") throw notEmpty(call);
  if (outcome === "lost") throw s3Error("OperationAborted");
  if (outcome === "undecided") {
    await askRegistry(call.env, (registry) => registry.unmarkBucketDeleting(name, bucketId));
    throw s3Error("OperationAborted");
  }
  await askRegistry(call.env, (registry) => registry.removeBucket(name, bucketId));
  call.directory.forgetBucket(name);
}

/** Ends with an active bucket of the caller, or throws. */
async function establishBucket(call: S3Call, bucket: NewBucket, documents?: BucketDocuments): Promise<void> {
  const outcome = await askRegistry(call.env, (registry) => registry.reserveBucket(bucket));
  switch (outcome.outcome) {
    case "created":
      return startBucket(call, outcome.bucket, documents);
    case "exists-owned":
      return confirmBucket(call, outcome.bucket, bucket, documents);
    case "exists-other":
      throw s3Error("BucketAlreadyExists", { detail: { BucketName: bucket.name } });
    case "deleting":
      return succeedDeletion(call, bucket, documents);
    case "too-many-buckets":
      throw s3Error("TooManyBuckets");
    case "no-such-account":
      throw s3Error("AccessDenied");
  }
}

async function startBucket(call: S3Call, entry: BucketEntry, documents?: BucketDocuments): Promise<void> {
  const { bucketId, name, accountId, region, createdAt, shards } = entry;
  const config: BucketConfig = { bucketId, revision: 1, name, accountId, region, createdAt, shards };
  await createIndexes(call.env, config);
  // A revision of its own: by the first one a Worker knows the bucket as the Registry names it, without documents.
  if (documents) await configureIndexes(call.env, { ...config, revision: 2, documents });
  const activated = await askRegistry(call.env, (registry) => registry.activateBucket(entry.name, entry.bucketId));
  call.directory.forgetBucket(entry.name);
  if (!activated) throw s3Error("OperationAborted");
}

/** The caller owns a bucket of this name already, unless its deletion was decided and then interrupted. */
async function confirmBucket(
  call: S3Call,
  known: BucketEntry,
  wanted: NewBucket,
  documents?: BucketDocuments,
): Promise<void> {
  if ((await settleDeletion(call.env, known)) === "deleted") {
    await askRegistry(call.env, (registry) => registry.removeBucket(known.name, known.bucketId));
    return establishBucket(call, wanted, documents);
  }
  if (call.settings.region !== LENIENT_REGION) {
    throw s3Error("BucketAlreadyOwnedByYou", { detail: { BucketName: known.name } });
  }
}

/** A deletion was announced and then interrupted, or is under way: it is finished or taken back. */
async function succeedDeletion(call: S3Call, wanted: NewBucket, documents?: BucketDocuments): Promise<void> {
  const known = await askRegistry(call.env, (registry) => registry.findBucket(wanted.name));
  if (known?.accountId !== wanted.accountId || known.state !== "deleting") throw s3Error("OperationAborted");
  await settleDeletingBucket(call.env, known);
  call.directory.forgetBucket(known.name);
  return establishBucket(call, wanted, documents);
}

/** The body: where the bucket is to be, and its tags. */
async function readConfiguration(call: S3Call): Promise<readonly Tag[]> {
  const body = await readBoundedBody(call, MAX_CONFIGURATION_BYTES);
  if (body.length === 0) {
    checkLocation(undefined, call.settings.region);
    return [];
  }
  const configuration = parseXmlBody(body);
  if (configuration.name !== "CreateBucketConfiguration") throw s3Error("MalformedXML");
  for (const { name } of configuration.children) {
    // Directory buckets.
    if (name === "Location" || name === "Bucket") {
      throw s3Error("NotImplemented", {
        message: `${name} in CreateBucketConfiguration is not implemented by this deployment.`,
      });
    }
    if (name !== "LocationConstraint" && name !== "Tags") throw s3Error("MalformedXML");
  }
  checkLocation(readLocationConstraint(configuration), call.settings.region);
  const sets = children(configuration, "Tags");
  if (sets.length > 1) throw s3Error("MalformedXML");
  const tags = sets[0] ? readTags(sets[0], "Bucket") : [];
  if (tags.length > 0 && !(await call.allows({ action: "s3:TagResource" }))) throw s3Error("AccessDenied");
  return tags;
}

/** What a bucket is configured with from its beginning; undefined where it is as all begin. */
async function readInitialDocuments(call: S3Call): Promise<BucketDocuments | undefined> {
  const defaults = call.settings.openBuckets ? OPEN_DEFAULTS : {};
  const objectOwnership = readObjectOwnership(call.headers) ?? defaults.objectOwnership;
  const acl = await readInitialAcl(call, objectOwnership);
  const documents: BucketDocuments = {
    ...defaults,
    ...(objectOwnership && { objectOwnership }),
    ...(acl && { acl }),
    ...readInitialLock(call.headers),
  };
  return Object.keys(documents).length > 0 ? documents : undefined;
}

function readObjectOwnership(headers: HeaderFields): ObjectOwnership | undefined {
  const header = headers.get("x-amz-object-ownership");
  if (!header) return undefined;
  if (isObjectOwnership(header)) return header;
  throw invalidArgument("Invalid x-amz-object-ownership header", "x-amz-object-ownership", header);
}

async function readInitialAcl(call: S3Call, ownership: BucketDocuments["objectOwnership"]): Promise<Acl | undefined> {
  const { headers } = call;
  // Everything to the owner, as buckets begin.
  const named = headers.get("x-amz-acl");
  if (!hasGrantHeaders(headers) && (!named || named === "private")) return undefined;
  if (ownership === undefined || ownership === "BucketOwnerEnforced") {
    throw s3Error("InvalidBucketAclWithObjectOwnership");
  }
  const { canonicalId } = callerAccount(call);
  const acl = await readAclHeaders(call, "bucket", { owner: canonicalId, bucketOwner: canonicalId });
  if (!call.settings.openBuckets && acl?.grants.some(isPublicGrant)) {
    throw s3Error("InvalidBucketAclWithBlockPublicAccessError");
  }
  return acl;
}

/** Object lock brings versioning along. */
function readInitialLock(headers: HeaderFields): BucketDocuments {
  const objectLock = headers.get(LOCK_HEADER)?.toLowerCase() ?? "";
  if (objectLock === "true") return { versioning: "Enabled", objectLock: {} };
  if (objectLock === "" || objectLock === "false") return {};
  throw invalidArgument("The value must be true or false.", LOCK_HEADER, objectLock);
}

function requireValue(headers: HeaderFields, name: string, only: string): void {
  const value = headers.get(name);
  if (value && value.toLowerCase() !== only.toLowerCase()) throw notImplementedHeader(name);
}
