import { element } from "../lib/xml.ts";
import { askRegistry } from "../metadata/registry/client.ts";
import type { BucketEntry, NewBucket } from "../metadata/registry/protocol.ts";
import { createIndexes, deleteIndexes, settleDeletion } from "./bucket-indexes.ts";
import { settleDeletingBucket } from "./settle-bucket.ts";
import { checkLocation, readLocationConstraint } from "./bucket-location.ts";
import { checkBucketName } from "./bucket-name.ts";
import { callerAccount, type S3Call, type S3Result } from "./call.ts";
import { readInteger } from "./checks.ts";
import { notImplementedHeader, s3Error } from "./errors.ts";
import { parseXmlBody, readBoundedBody } from "./xml-body.ts";

/** Where S3 answers 200 to an owner who creates a bucket again, for the sake of old clients. */
const LENIENT_REGION = "us-east-1";
const MAX_CONFIGURATION_BYTES = 64 * 1024;
/** An extension: how many index objects share the bucket's 1,024 slots (1 to 64). */
const SHARDS_HEADER = "x-verge-index-shards";
const MAX_SHARDS = 64;

/** CreateBucket: takes the name, makes the index objects, then lets the bucket be seen. A repetition resumes after a crash. */
export async function createBucket(call: S3Call): Promise<S3Result> {
  checkBucketName(call.bucketName);
  refuseUnsupportedSettings(call.headers);
  const shards = readInteger(SHARDS_HEADER, call.headers.get(SHARDS_HEADER), 1, 1, MAX_SHARDS);
  await readConfiguration(call);
  const bucket: NewBucket = {
    name: call.bucketName,
    accountId: callerAccount(call).id,
    region: call.settings.region,
    shards,
  };
  const work = establishBucket(call, bucket);
  call.defer(work);
  await work;
  return { headers: { location: `/${call.bucketName}` } };
}

/** HeadBucket: that it exists and where. */
export async function headBucket(call: S3Call): Promise<S3Result> {
  return { headers: { "x-amz-bucket-region": call.bucket.config.region, "x-amz-access-point-alias": "false" } };
}

/** GetBucketVersioning: an empty configuration says that versioning was never enabled. */
export async function getBucketVersioning(): Promise<S3Result> {
  return { xml: element("VersioningConfiguration") };
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
  if (outcome === "not-empty") throw s3Error("BucketNotEmpty", { detail: { BucketName: name } });
  if (outcome === "lost") throw s3Error("OperationAborted");
  if (outcome === "undecided") {
    await askRegistry(call.env, (registry) => registry.unmarkBucketDeleting(name, bucketId));
    throw s3Error("OperationAborted");
  }
  await askRegistry(call.env, (registry) => registry.removeBucket(name, bucketId));
  call.directory.forgetBucket(name);
}

/** Ends with an active bucket of the caller, or throws. */
async function establishBucket(call: S3Call, bucket: NewBucket): Promise<void> {
  const outcome = await askRegistry(call.env, (registry) => registry.reserveBucket(bucket));
  switch (outcome.outcome) {
    case "created":
      return startBucket(call, outcome.bucket);
    case "exists-owned":
      return confirmBucket(call, outcome.bucket, bucket);
    case "exists-other":
      throw s3Error("BucketAlreadyExists", { detail: { BucketName: bucket.name } });
    case "deleting":
      return succeedDeletion(call, bucket);
    case "too-many-buckets":
      throw s3Error("TooManyBuckets");
    case "no-such-account":
      throw s3Error("AccessDenied");
  }
}

async function startBucket(call: S3Call, entry: BucketEntry): Promise<void> {
  const { bucketId, name, accountId, region, createdAt, shards } = entry;
  await createIndexes(call.env, { bucketId, revision: 1, name, accountId, region, createdAt, shards });
  const activated = await askRegistry(call.env, (registry) => registry.activateBucket(entry.name, entry.bucketId));
  call.directory.forgetBucket(entry.name);
  if (!activated) throw s3Error("OperationAborted");
}

/** The caller owns a bucket of this name already, unless its deletion was decided and then interrupted. */
async function confirmBucket(call: S3Call, known: BucketEntry, wanted: NewBucket): Promise<void> {
  if ((await settleDeletion(call.env, known)) === "deleted") {
    await askRegistry(call.env, (registry) => registry.removeBucket(known.name, known.bucketId));
    return establishBucket(call, wanted);
  }
  if (call.settings.region !== LENIENT_REGION) {
    throw s3Error("BucketAlreadyOwnedByYou", { detail: { BucketName: known.name } });
  }
}

/** A deletion was announced and then interrupted, or is under way: it is finished or taken back. */
async function succeedDeletion(call: S3Call, wanted: NewBucket): Promise<void> {
  const known = await askRegistry(call.env, (registry) => registry.findBucket(wanted.name));
  if (known?.accountId !== wanted.accountId || known.state !== "deleting") throw s3Error("OperationAborted");
  await settleDeletingBucket(call.env, known);
  call.directory.forgetBucket(known.name);
  return establishBucket(call, wanted);
}

async function readConfiguration(call: S3Call): Promise<void> {
  const body = await readBoundedBody(call, MAX_CONFIGURATION_BYTES);
  if (body.length === 0) return checkLocation(undefined, call.settings.region);
  const configuration = parseXmlBody(body);
  if (configuration.name !== "CreateBucketConfiguration") throw s3Error("MalformedXML");
  for (const { name } of configuration.children) {
    // Directory buckets, and tags at creation.
    if (name === "Location" || name === "Bucket" || name === "Tags") {
      throw s3Error("NotImplemented", {
        message: `${name} in CreateBucketConfiguration is not implemented by this deployment.`,
      });
    }
    if (name !== "LocationConstraint") throw s3Error("MalformedXML");
  }
  checkLocation(readLocationConstraint(configuration), call.settings.region);
}

/** New buckets have ACLs disabled ("bucket owner enforced"), as on AWS since April 2023. */
function refuseUnsupportedSettings(headers: Headers): void {
  const acl = headers.get("x-amz-acl");
  if (acl && acl !== "private") throw s3Error("InvalidBucketAclWithObjectOwnership");
  for (const name of headers.keys()) {
    if (name.startsWith("x-amz-grant-")) throw s3Error("InvalidBucketAclWithObjectOwnership");
  }
  requireValue(headers, "x-amz-object-ownership", "BucketOwnerEnforced");
  requireValue(headers, "x-amz-bucket-object-lock-enabled", "false");
  requireValue(headers, "x-amz-bucket-namespace", "global");
}

function requireValue(headers: Headers, name: string, only: string): void {
  const value = headers.get(name);
  if (value && value.toLowerCase() !== only.toLowerCase()) throw notImplementedHeader(name);
}
