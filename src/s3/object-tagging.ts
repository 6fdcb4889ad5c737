import type { AccessRequest } from "../lib/operation.ts";
import type { Tag } from "../metadata/bucket/documents.ts";
import type { SetObjectTagsOutcome } from "../metadata/bucket/object-tags.ts";
import type { S3Call, S3Result } from "./call.ts";
import { readDocument } from "./config/document.ts";
import { findRecord, missingObject } from "./get-object.ts";
import { readTagSet, renderTagSet } from "./tags.ts";
import { readVersionId, versionAccess, versionHeader } from "./version-ids.ts";

/** PutObjectTagging: replaces the tags of a version; nothing else of it changes. */
export async function putObjectTagging(call: S3Call): Promise<S3Result> {
  const tags = readTagSet(await readDocument(call, "Tagging"), "Object");
  return { headers: versionHeader(call.bucket.config, await setTags(call, tags)) };
}

/** DeleteObjectTagging */
export async function deleteObjectTagging(call: S3Call): Promise<S3Result> {
  return { status: 204, headers: versionHeader(call.bucket.config, await setTags(call, [])) };
}

/** GetObjectTagging: an object without tags has an empty set. */
export async function getObjectTagging(call: S3Call): Promise<S3Result> {
  const object = await findRecord(call);
  return {
    headers: versionHeader(call.bucket.config, object.versionId),
    xml: renderTagSet(object.attributes.tags ?? []),
  };
}

/** Tags of a version that is named by its id need a permission of their own. */
export function objectTaggingAccess(verb: "Get" | "Put" | "Delete"): (call: S3Call) => readonly AccessRequest[] {
  return versionAccess(`s3:${verb}ObjectTagging`, `s3:${verb}ObjectVersionTagging`);
}

/** Answers the id of the version whose tags were set. */
async function setTags(call: S3Call, tags: readonly Tag[]): Promise<string> {
  const versionId = readVersionId(call);
  const outcome = await call.bucket.mutate(call.key, call.requestId, (index, plain): Promise<SetObjectTagsOutcome> =>
    index.setObjectTags({ ...plain, key: call.key, tags, ...(versionId === undefined ? {} : { versionId }) }),
  );
  if (outcome.outcome !== "ok") throw missingObject(call, outcome);
  return outcome.object.versionId;
}
