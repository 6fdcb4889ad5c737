import { announce } from "./announce.ts";
import type { Tag } from "./documents.ts";
import type { Change } from "./journal.ts";
import { rewriteAttributes } from "./objects.ts";
import type { MissingObject, Mutation, ObjectAttributes, ObjectRecord, Outcome } from "./protocol.ts";
import { describeAbsence } from "./reads.ts";
import { replicateChange } from "./replicate.ts";
import { findVersion } from "./versions.ts";

/** PutObjectTagging, DeleteObjectTagging: the tags of one version, replaced as a whole. */
export interface SetObjectTagsCall extends Mutation {
  readonly key: string;
  readonly versionId?: string;
  /** None: the tags are removed. */
  readonly tags: readonly Tag[];
}
export type SetObjectTagsOutcome = Outcome<{ readonly object: ObjectRecord }> | MissingObject;

/** Tags are a property of the row: the body, the ETag and the time of modification stay as they are. */
export function setObjectTags(change: Change, call: SetObjectTagsCall): SetObjectTagsOutcome {
  const version = findVersion(change.sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const changed = { ...version.record, attributes: withTags(version.record.attributes, call.tags) };
  const object = replicateChange(change, changed);
  rewriteAttributes(change, object);
  const { key, etag, versionId } = object;
  announce(change, call.tags.length > 0 ? "ObjectTagging:Put" : "ObjectTagging:Delete", { key, etag, versionId });
  return { outcome: "ok", object };
}

/** The same attributes with other tags. */
export function withTags(attributes: ObjectAttributes, tags: readonly Tag[] | undefined): ObjectAttributes {
  const { tags: _former, ...others } = attributes;
  return tags && tags.length > 0 ? { ...others, tags } : others;
}
