import { type ReadConditions, readConditionHeaders } from "../lib/conditions.ts";
import { type Checksum, checksumElement, createChecksum } from "../lib/checksums.ts";
import type { AccessRequest } from "../lib/operation.ts";
import { decodePercent } from "../lib/percent.ts";
import { NULL_VERSION } from "../lib/version-id.ts";
import { element } from "../lib/xml.ts";
import type { BucketClient } from "../metadata/bucket/client.ts";
import type { ObjectLock, Tag } from "../metadata/bucket/documents.ts";
import { withAcl } from "../metadata/bucket/object-acl.ts";
import { withLock } from "../metadata/bucket/object-lock.ts";
import { REDIRECT_HEADER, withRedirect } from "../metadata/bucket/object-redirect.ts";
import { withTags } from "../metadata/bucket/object-tags.ts";
import type { PinOutcome } from "../metadata/bucket/pins.ts";
import { withoutRestore } from "../metadata/bucket/restored.ts";
import type {
  Committed,
  CopyObjectOutcome,
  NewObject,
  ObjectAttributes,
  ObjectRecord,
  SourceRefusal,
  WriteConditions,
  WriteRefusal,
} from "../metadata/bucket/protocol.ts";
import { readAttributes, readRedirect, readStorageClass, refuseUnsupportedHeaders } from "./attributes.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkExpectedOwner } from "./checks.ts";
import { moveBytes } from "./copy-bytes.ts";
import { readWrittenRights, type WrittenRights } from "./acl/write-acl.ts";
import { failedSourceCondition, findSource, markedSource, openSource } from "./copy-source-body.ts";
import { type CopySource, readCopySource } from "./copy-source.ts";
import { type BodyEncryption, checkDefaultEncryption, chooseEncryption, withEncryption } from "./encryption.ts";
import { readSourceKey, readWriteEncryption } from "./encryption-headers.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { expirationHeader } from "./expiration-header.ts";
import { readLockHeaders } from "./lock-headers.ts";
import { ownerOfWrites } from "./owner.ts";
import { archivedObject } from "./restored-headers.ts";
import { readTaggingHeader } from "./tags.ts";
import { readWriteConditions, refusedWrite, writtenHeaders } from "./put-object.ts";
import { readAlgorithmName } from "./upload-checksum.ts";
import { versionHeader } from "./version-ids.ts";

const CHECKSUM_ALGORITHM = "x-amz-checksum-algorithm";
const RENAME_SOURCE = "x-amz-rename-source";

/** CopyObject: a new row on the same immutable bytes; bytes are moved only where they are encrypted in another way. */
export async function copyObject(call: S3Call): Promise<S3Result> {
  refuseUnsupportedHeaders(call.headers);
  const rights = await readWrittenRights(call);
  const source = readCopySource(call);
  const sourceBucket = call.bucketNamed(source.bucketName);
  checkExpectedOwner(call, "x-amz-source-expected-bucket-owner", sourceBucket.config.accountId);
  const replaces = readDirective(call, "metadata") === "REPLACE";
  const replacesTags = readDirective(call, "tagging") === "REPLACE";
  const storageClass = call.headers.has("x-amz-storage-class") ? readStorageClass(call.headers) : undefined;
  refuseIdentity(call, source, replaces, storageClass);
  const lock = readLockHeaders(call.headers);
  const redirect = readRedirect(call.headers);
  const copy: Copy = {
    source,
    sourceBucket,
    rights,
    sourceConditions: readConditionHeaders(call.headers, "x-amz-copy-source-"),
    conditions: readWriteConditions(call.headers),
    storageClass: storageClass ?? "STANDARD",
    ...(replaces ? { attributes: readAttributes(call.headers) } : {}),
    ...(redirect !== undefined && { redirect }),
    ...(replacesTags ? { tags: readTaggingHeader(call.headers) } : {}),
    ...(lock && { lock }),
  };
  const encryption = await chooseEncryption(call);
  const moves = encryption !== undefined || readSourceKey(call.headers) !== undefined;
  const committed = moves
    ? commitMoved(call, copy, encryption)
    : commitCopy(call, copy, await computeChecksum(call, source));
  // Across index objects a copy takes two steps: a client that hangs up does not stop it half-way (rule 9).
  call.defer(committed);
  const { object, source: read } = await committed;
  const headers = writtenHeaders(call, object);
  delete headers["etag"];
  // Unlike PutObject, CopyObject names the null version where versioning is suspended; of its source it never does.
  Object.assign(headers, versionHeader(call.bucket.config, object.versionId));
  if (read.versionId !== NULL_VERSION) headers["x-amz-copy-source-version-id"] = read.versionId;
  Object.assign(headers, expirationHeader(call.bucket.config, object));
  return { headers, xml: copyResult("CopyObjectResult", object) };
}

/** RenameObject: the key changes in place, on S3 only in directory buckets, here in every bucket. */
export async function renameObject(call: S3Call): Promise<S3Result> {
  const sourceKey = readRenameSource(call);
  if (sourceKey === call.key)
    throw s3Error("InvalidRequest", { message: "The source and the destination of a rename must differ." });
  if (call.bucket.shardOf(sourceKey) !== call.bucket.shardOf(call.key)) {
    // Atomic only within an index object; across two it would be a copy and a delete, which is what to call instead.
    throw s3Error("NotImplemented", {
      message:
        "RenameObject across the index objects of a bucket is not implemented. Copy the object and delete the source.",
    });
  }
  const renamed = call.bucket.mutate(call.key, call.requestId, (index, plain) =>
    index.copyObject({
      ...plain,
      sourceKey,
      sourceConditions: readConditionHeaders(call.headers, "x-amz-rename-source-"),
      key: call.key,
      conditions: readWriteConditions(call.headers),
      ownerId: ownerOfWrites(call),
      removeSource: true,
    }),
  );
  call.defer(renamed);
  const outcome = await renamed;
  if (outcome.outcome !== "ok") throw refusedCopy(call, { key: sourceKey }, outcome);
  return { headers: {} };
}

/** A rename reads its source, writes its destination and leaves nothing at the source: all of it must be allowed. */
export function renameAccess(call: S3Call): readonly AccessRequest[] {
  const { bucketName: bucket, key } = call;
  const write = { action: "s3:PutObject", bucket, key };
  const sourceKey = findRenameSource(call);
  // The operation itself complains, to those who may write.
  if (sourceKey === "") return [write];
  return [
    write,
    { action: "s3:GetObject", bucket, key: sourceKey },
    { action: "s3:DeleteObject", bucket, key: sourceKey },
  ];
}

interface Sum {
  readonly checksum: Checksum;
  /** Of the bytes that were read. */
  readonly etag: string;
}

interface Copy {
  readonly source: CopySource;
  readonly sourceBucket: BucketClient;
  readonly rights: WrittenRights;
  readonly sourceConditions: ReadConditions;
  readonly conditions: WriteConditions;
  readonly storageClass: string;
  readonly attributes?: ObjectAttributes;
  readonly redirect?: string;
  readonly tags?: readonly Tag[];
  readonly checksum?: Checksum;
  readonly lock?: ObjectLock;
}

async function commitCopy(
  call: S3Call,
  asked: Copy,
  sum: Sum | undefined,
): Promise<Committed & { source: ObjectRecord }> {
  const copy: Copy = sum
    ? { ...asked, checksum: sum.checksum, sourceConditions: { ...asked.sourceConditions, ifMatch: [sum.etag] } }
    : asked;
  const { source, sourceBucket } = copy;
  const sameBucket = sourceBucket.config.bucketId === call.bucket.config.bucketId;
  const sameIndex = sameBucket && sourceBucket.shardOf(source.key) === call.bucket.shardOf(call.key);
  const outcome = sameIndex ? await copyInside(call, copy) : await copyAcross(call, copy);
  if (outcome.outcome === "source-encrypted") return commitMoved(call, asked, undefined);
  if (outcome.outcome !== "ok") throw refusedCopy(call, source, outcome);
  return outcome;
}

/** The copy gets bytes of its own. */
async function commitMoved(
  call: S3Call,
  copy: Copy,
  encryption: BodyEncryption | undefined,
): Promise<Committed & { source: ObjectRecord }> {
  const { source, conditions } = copy;
  const found = await findSource(call, source, undefined);
  const copied = {
    key: call.key,
    storageClass: copy.storageClass,
    ownerId: copy.rights.ownerId,
    attributes: withEncryption(copiedAttributes(copy, found.object), encryption?.record),
  };
  const algorithm = readAlgorithmName(call.headers.get(CHECKSUM_ALGORITHM), CHECKSUM_ALGORITHM);
  const { object, blob } = await moveBytes(call, source, found, copied, { encryptionKey: encryption?.key, algorithm });
  const outcome = await call.bucket.mutate(call.key, call.requestId, (index, plain) => {
    checkDefaultEncryption(call, encryption);
    return index.putObject({ ...plain, object, body: { kind: "blob", blob }, conditions });
  });
  if (outcome.outcome === "ok") return { ...outcome, source: found.object };
  call.store.discard([blob], call.defer);
  throw refusedWrite(call, outcome);
}

/** One call: a row on the same bytes. */
function copyInside(call: S3Call, copy: Copy) {
  const { source, rights, sourceConditions, conditions, storageClass, attributes, redirect, tags, checksum, lock } =
    copy;
  return call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<CopyObjectOutcome> =>
    index.copyObject({
      ...plain,
      sourceKey: source.key,
      sourceConditions,
      plainOnly: true,
      key: call.key,
      conditions,
      ...rights,
      storageClass,
      ...(source.versionId === undefined ? {} : { sourceVersionId: source.versionId }),
      ...(attributes && { attributes }),
      ...(redirect !== undefined && { redirect }),
      ...(tags && { tags }),
      ...(checksum && { checksum }),
      ...(lock && { lock }),
    }),
  );
}

/** Two calls: the source's index keeps the bytes for this copy, then the destination commits it (rule 13). */
async function copyAcross(call: S3Call, copy: Copy) {
  const { source, sourceBucket, sourceConditions, conditions, storageClass } = copy;
  const { bucketId } = call.bucket.config;
  const pinned = await sourceBucket.mutate(source.key, `${call.requestId}/pin`, (index, plain): Promise<PinOutcome> =>
    index.pin({
      ...plain,
      // Fresh in each attempt, so that one whose answer was lost does not touch another's pin.
      copyId: crypto.randomUUID(),
      key: source.key,
      conditions: sourceConditions,
      plainOnly: true,
      destination: { bucketId, shard: call.bucket.shardOf(call.key) },
      ...(source.versionId === undefined ? {} : { versionId: source.versionId }),
    }),
  );
  if (pinned.outcome !== "ok") return pinned;
  const read = pinned.object;
  const checksum = copy.checksum ?? read.checksum;
  const object: NewObject = {
    key: call.key,
    size: read.size,
    etag: read.etag,
    storageClass,
    ownerId: copy.rights.ownerId,
    attributes: copiedAttributes(copy, read),
    ...(checksum && { checksum }),
  };
  const { body } = pinned;
  const put = await call.bucket.mutate(call.key, call.requestId, (index, plain) =>
    index.putObject({ ...plain, object, body, conditions }),
  );
  return put.outcome === "ok" ? { ...put, source: read } : put;
}

/** A copy never has its source's lock, ACL and redirect. */
function copiedAttributes({ attributes, redirect, tags, lock, rights }: Copy, source: ObjectRecord): ObjectAttributes {
  const tagged = withTags(attributes ?? source.attributes, tags ?? source.attributes.tags);
  return withoutRestore(withRedirect(withAcl(withLock(tagged, lock), rights.acl), redirect));
}

/** `x-amz-metadata-directive` and `x-amz-tagging-directive` */
function readDirective(call: S3Call, what: "metadata" | "tagging"): "COPY" | "REPLACE" {
  const name = `x-amz-${what}-directive`;
  const directive = call.headers.get(name) ?? "COPY";
  if (directive === "COPY" || directive === "REPLACE") return directive;
  throw invalidArgument(`Unknown ${what} directive.`, name, directive);
}

/** Copying an object onto itself must change something. */
function refuseIdentity(call: S3Call, source: CopySource, replaces: boolean, storageClass: string | undefined): void {
  const changes = replaces || storageClass !== undefined || source.versionId !== undefined;
  const changesHeaders =
    call.headers.has(REDIRECT_HEADER) ||
    readWriteEncryption(call.headers).kind !== "default" ||
    readSourceKey(call.headers) !== undefined;
  if (source.bucketName !== call.bucketName || source.key !== call.key || changes || changesHeaders) return;
  throw s3Error("InvalidRequest", {
    message:
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  });
}

/**
 * The checksum that the client asks for, where the source does not have it: the bytes are read once for it,
 * and the copy is then of those bytes or of none.
 */
async function computeChecksum(call: S3Call, source: CopySource): Promise<Sum | undefined> {
  const algorithm = readAlgorithmName(call.headers.get(CHECKSUM_ALGORITHM), CHECKSUM_ALGORITHM);
  if (!algorithm) return undefined;
  const found = await findSource(call, source, undefined);
  const { checksum, etag } = found.object;
  if (checksum?.algorithm === algorithm && checksum.type === "FULL_OBJECT") return undefined;
  const hash = createChecksum(algorithm);
  const bytes = await openSource(call, source, undefined, found);
  if (bytes instanceof Uint8Array) hash.update(bytes);
  else for await (const chunk of bytes) hash.update(chunk);
  return { etag, checksum: { algorithm, type: "FULL_OBJECT", value: await hash.digestBase64() } };
}

/** A key of the same bucket, percent-encoded; empty where the header names none. */
function findRenameSource({ headers }: S3Call): string {
  return decodePercent(headers.get(RENAME_SOURCE) ?? "").replace(/^\//, "");
}

function readRenameSource(call: S3Call): string {
  const key = findRenameSource(call);
  if (key !== "") return key;
  const header = call.headers.get(RENAME_SOURCE) ?? "";
  throw invalidArgument("The rename source must name a key of the bucket.", RENAME_SOURCE, header);
}

function refusedCopy(
  call: S3Call,
  { key, versionId }: Pick<CopySource, "key" | "versionId">,
  refusal: WriteRefusal | SourceRefusal,
) {
  switch (refusal.outcome) {
    case "no-such-source":
      return s3Error("NoSuchKey", { detail: { Key: key } });
    case "no-such-source-version":
      return s3Error("NoSuchVersion", { detail: { Key: key, VersionId: versionId ?? "" } });
    case "source-delete-marker":
      return markedSource(key, versionId);
    case "source-archived":
      return archivedObject();
    case "source-encrypted":
      return s3Error("OperationAborted");
    case "source-precondition-failed":
      return failedSourceCondition(
        call.headers.has(RENAME_SOURCE) ? "x-amz-rename-source-" : "x-amz-copy-source-",
        refusal.condition ?? "If",
      );
    default:
      return refusedWrite(call, refusal);
  }
}

/** `CopyObjectResult` or `CopyPartResult`. */
function copyResult(name: string, object: ObjectRecord) {
  const { checksum } = object;
  return element(
    name,
    element("LastModified", new Date(object.modifiedAt).toISOString()),
    element("ETag", `"${object.etag}"`),
    checksum && [element("ChecksumType", checksum.type), element(checksumElement(checksum.algorithm), checksum.value)],
  );
}
