import { parseEntityTags, type WriteConditions } from "../lib/conditions.ts";
import { ServiceError } from "../lib/errors.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { parseHttpDate } from "../lib/http-date.ts";
import type { AccessRequest } from "../lib/operation.ts";
import { isVersionId } from "../lib/version-id.ts";
import { element, optionalElement, type XmlElement } from "../lib/xml.ts";
import type { DeleteItem, DeleteResult } from "../metadata/bucket/deletes.ts";
import type { S3Call, S3Result } from "./call.ts";
import { checkKey } from "./checks.ts";
import { readDeleteDocument } from "./delete-document.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { bypassAccess, protectedByLock, wantsBypass } from "./lock-headers.ts";
import { readVersionId, versionAccess } from "./version-ids.ts";
import { parseXmlBody, readVerifiedBody } from "./xml-body.ts";

/** 1,000 keys of 1,024 bytes, each byte written as a character reference, and what is around them. */
const MAX_DOCUMENT_BYTES = 7 * 1024 ** 2;
const JUDGED_AT_ONCE = 50;

/** DeleteObject: 204 whether or not there was something to delete. */
export async function deleteObject(call: S3Call): Promise<S3Result> {
  const versionId = readVersionId(call);
  const conditions = readDeleteConditions(call.headers);
  const [result] = await removeItems(call, [
    { key: call.key, ...(versionId === undefined ? {} : { versionId }), ...(conditions ? { conditions } : {}) },
  ]);
  const refusal = refusalOf(result!, conditions);
  if (refusal) throw refusal;
  return { status: 204, headers: versionHeaders(result!) };
}

/** DeleteObjects: up to 1,000 keys, each with its own outcome. */
export async function deleteObjects(call: S3Call): Promise<S3Result> {
  const { quiet, entries } = readDeleteDocument(parseXmlBody(await readVerifiedBody(call, MAX_DOCUMENT_BYTES)));
  const outcomes = await judgeEntries(call, entries);
  const accepted = entries.flatMap((_, position) => (outcomes[position] instanceof ServiceError ? [] : [position]));
  const results = await removeItems(
    call,
    accepted.map((position) => entries[position]!),
  );
  for (const [order, position] of accepted.entries()) outcomes[position] = results[order]!;
  return {
    xml: element(
      "DeleteResult",
      entries.map((entry, position) => renderOutcome(entry, outcomes[position]!, quiet)),
    ),
  };
}

/** What DeleteObject needs. */
export function deleteAccess(call: S3Call): readonly AccessRequest[] {
  return [...versionAccess("s3:DeleteObject", "s3:DeleteObjectVersion")(call), ...bypassAccess(call)];
}

/** What DeleteObjects needs: decided for each key that it names. */
export function deleteManyAccess({ bucketName: bucket }: S3Call): readonly AccessRequest[] {
  return [{ action: "s3:DeleteObject", bucket, byEntry: true }];
}

/** Deletes the items with one call to each index object that holds some of them; results in their order. */
async function removeItems(call: S3Call, items: readonly DeleteItem[]): Promise<DeleteResult[]> {
  const positionsByShard = new Map<number, number[]>();
  for (const [position, { key }] of items.entries()) {
    const shard = call.bucket.shardOf(key);
    const positions = positionsByShard.get(shard);
    if (positions) positions.push(position);
    else positionsByShard.set(shard, [position]);
  }
  const bypassGovernance = wantsBypass(call.headers);
  const ownerId = call.identity.kind === "account" ? call.identity.account.id : undefined;
  const results: DeleteResult[] = [];
  const work = Promise.all(
    [...positionsByShard].map(async ([shard, positions]) => {
      const part = positions.map((position) => items[position]!);
      // One change in each shard: ids are unique there (consistency rule 8).
      const { results: partResults } = await call.bucket.mutateShard(
        shard,
        `${call.requestId}/${shard}`,
        (index, plain) => index.deleteObjects({ ...plain, items: part, bypassGovernance, ...(ownerId && { ownerId }) }),
      );
      for (const [order, position] of positions.entries()) results[position] = partResults[order]!;
    }),
  );
  call.defer(work);
  await work;
  return results;
}

/** If-Match, and the two conditions of directory buckets, which are an extension here. */
function readDeleteConditions(headers: HeaderFields): WriteConditions | undefined {
  const ifMatch = headers.get("if-match");
  const time = headers.get("x-amz-if-match-last-modified-time");
  const size = headers.get("x-amz-if-match-size");
  if (ifMatch === null && time === null && size === null) return undefined;
  const ifModifiedAt = time === null ? undefined : parseHttpDate(time);
  if (time !== null && ifModifiedAt === undefined) {
    throw invalidArgument("The date is not valid.", "x-amz-if-match-last-modified-time", time);
  }
  if (size !== null && !/^\d{1,15}$/.test(size)) {
    throw invalidArgument("The size is not a whole number.", "x-amz-if-match-size", size);
  }
  return {
    ...(ifMatch === null ? {} : { ifMatch: parseEntityTags(ifMatch) }),
    ...(ifModifiedAt === undefined ? {} : { ifModifiedAt }),
    ...(size === null ? {} : { ifSize: Number(size) }),
  };
}

/** A few at a time: with ACLs, or tags in a policy, each is looked up. */
async function judgeEntries(call: S3Call, entries: readonly DeleteItem[]): Promise<(DeleteResult | ServiceError)[]> {
  const outcomes: (DeleteResult | ServiceError)[] = [];
  for (let start = 0; start < entries.length; start += JUDGED_AT_ONCE) {
    const some = entries.slice(start, start + JUDGED_AT_ONCE);
    outcomes.push(...(await Promise.all(some.map((entry) => judgeEntry(call, entry)))));
  }
  return outcomes;
}

async function judgeEntry(call: S3Call, entry: DeleteItem): Promise<DeleteResult | ServiceError> {
  const wrong = checkEntry(entry);
  if (wrong instanceof ServiceError) return wrong;
  const { bucketName: bucket, headers } = call;
  const { key, versionId } = entry;
  const version = versionId === undefined ? { bucket, key } : { bucket, key, versionId };
  const action = versionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  const allowed =
    (await call.allows({ action, ...version })) &&
    (!wantsBypass(headers) || (await call.allows({ action: "s3:BypassGovernanceRetention", ...version })));
  return allowed ? wrong : s3Error("AccessDenied");
}

/** What is wrong with an entry before anything is deleted; "deleted" as a placeholder otherwise. */
function checkEntry({ key, versionId }: DeleteItem): DeleteResult | ServiceError {
  try {
    checkKey(key);
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  if (versionId !== undefined && !isVersionId(versionId)) return s3Error("NoSuchVersion");
  return { outcome: "deleted" };
}

/** The error of an item that was not deleted. */
function refusalOf(result: DeleteResult, conditions: WriteConditions | undefined): ServiceError | undefined {
  if (result.outcome === "deleted") return undefined;
  if (result.outcome === "locked") return protectedByLock();
  if (result.outcome === "precondition-failed")
    return s3Error("PreconditionFailed", { detail: { Condition: "If-Match" } });
  // Nothing there: If-Match insists on an object, the conditions on time and size do not.
  return conditions?.ifMatch ? s3Error("NoSuchKey") : undefined;
}

function versionHeaders(result: DeleteResult): Record<string, string> {
  if (result.outcome !== "deleted") return {};
  return {
    ...(result.versionId === undefined ? {} : { "x-amz-version-id": result.versionId }),
    ...(result.deleteMarker ? { "x-amz-delete-marker": "true" } : {}),
  };
}

function renderOutcome(
  entry: DeleteItem,
  outcome: DeleteResult | ServiceError,
  quiet: boolean,
): XmlElement | undefined {
  const error = outcome instanceof ServiceError ? outcome : refusalOf(outcome, entry.conditions);
  const key = element("Key", entry.key);
  const versionId = optionalElement("VersionId", entry.versionId);
  if (error) return element("Error", key, versionId, element("Code", error.code), element("Message", error.message));
  if (quiet) return undefined;
  const marked =
    !(outcome instanceof ServiceError) && outcome.outcome === "deleted" && outcome.deleteMarker ? outcome : undefined;
  return element(
    "Deleted",
    key,
    versionId,
    marked && element("DeleteMarker", true),
    optionalElement("DeleteMarkerVersionId", marked?.versionId),
  );
}
