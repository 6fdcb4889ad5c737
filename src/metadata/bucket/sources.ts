import { findFailedCondition } from "../../lib/conditions.ts";
import type { StoredObject } from "./objects.ts";
import type { ReadConditions, SourceRefusal } from "./protocol.ts";
import { isArchived } from "./restored.ts";
import { findVersion } from "./versions.ts";

/** The version that a copy reads, or why it does not. */
export function findSource(
  sql: SqlStorage,
  key: string,
  versionId: string | undefined,
  conditions: ReadConditions,
  plainOnly = false,
): StoredObject | SourceRefusal {
  const version = findVersion(sql, key, versionId);
  if (version.found === "marker") return { outcome: "source-delete-marker" };
  if (version.found === "nothing") {
    return { outcome: versionId === undefined ? "no-such-source" : "no-such-source-version" };
  }
  const condition = findFailedCondition(conditions, version.record);
  if (condition !== undefined) return { outcome: "source-precondition-failed", condition };
  if (plainOnly && isArchived(version.record, Date.now())) return { outcome: "source-archived" };
  if (plainOnly && version.record.attributes.encryption) return { outcome: "source-encrypted" };
  return { record: version.record, body: version.body };
}
