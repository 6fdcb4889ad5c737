import { announce } from "./announce.ts";
import type { Acl } from "./documents.ts";
import type { Change } from "./journal.ts";
import { rewriteAttributes } from "./objects.ts";
import type { MissingObject, Mutation, ObjectAttributes, ObjectRecord, Outcome } from "./protocol.ts";
import { describeAbsence } from "./reads.ts";
import { replicateChange } from "./replicate.ts";
import { findVersion } from "./versions.ts";

/** PutObjectAcl: the ACL of one version, replaced as a whole. */
export interface SetObjectAclCall extends Mutation {
  readonly key: string;
  readonly versionId?: string;
  readonly acl: Acl;
}
export type SetObjectAclOutcome = Outcome<{ readonly object: ObjectRecord }> | MissingObject;

/** A property of the row, like tags. */
export function setObjectAcl(change: Change, call: SetObjectAclCall): SetObjectAclOutcome {
  const version = findVersion(change.sql, call.key, call.versionId);
  if (version.found !== "object") return describeAbsence(version, call.versionId);
  const changed = { ...version.record, attributes: withAcl(version.record.attributes, call.acl) };
  const object = replicateChange(change, changed);
  rewriteAttributes(change, object);
  const { key, etag, versionId } = object;
  announce(change, "ObjectAcl:Put", { key, etag, versionId });
  return { outcome: "ok", object };
}

/** The same attributes with another ACL. */
export function withAcl(attributes: ObjectAttributes, acl: Acl | undefined): ObjectAttributes {
  const { acl: _former, ...others } = attributes;
  return acl ? { ...others, acl } : others;
}
