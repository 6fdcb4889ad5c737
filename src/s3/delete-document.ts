import { parseEntityTags, type WriteConditions } from "../lib/conditions.ts";
import { parseHttpDate } from "../lib/http-date.ts";
import type { XmlNode } from "../lib/xml.ts";
import type { DeleteItem } from "../metadata/bucket/deletes.ts";
import { s3Error } from "./errors.ts";
import { readBoolean } from "./xml-body.ts";

const MAX_OBJECTS = 1000;
const FIELDS = new Set(["Key", "VersionId", "ETag", "LastModifiedTime", "Size"]);

/** Reads the `Delete` document of DeleteObjects; throws MalformedXML for whatever its schema does not have. */
export function readDeleteDocument(root: XmlNode): {
  readonly quiet: boolean;
  readonly entries: readonly DeleteItem[];
} {
  if (root.name !== "Delete") throw s3Error("MalformedXML");
  let quiet = false;
  const entries: DeleteItem[] = [];
  for (const child of root.children) {
    if (child.name === "Object") entries.push(readEntry(child));
    else if (child.name === "Quiet") quiet = readBoolean(child.text);
    else throw s3Error("MalformedXML");
  }
  if (entries.length === 0 || entries.length > MAX_OBJECTS) throw s3Error("MalformedXML");
  return { quiet, entries };
}

function readEntry(object: XmlNode): DeleteItem {
  const fields = new Map<string, string>();
  for (const { name, text, children } of object.children) {
    if (!FIELDS.has(name) || fields.has(name) || children.length > 0) throw s3Error("MalformedXML");
    fields.set(name, text);
  }
  const key = fields.get("Key");
  if (!key) throw s3Error("MalformedXML");
  const versionId = fields.get("VersionId");
  const conditions = readConditions(fields);
  return { key, ...(versionId === undefined ? {} : { versionId }), ...(conditions ? { conditions } : {}) };
}

function readConditions(fields: ReadonlyMap<string, string>): WriteConditions | undefined {
  const etag = fields.get("ETag");
  const time = fields.get("LastModifiedTime");
  const size = fields.get("Size");
  if (etag === undefined && time === undefined && size === undefined) return undefined;
  return {
    ...(etag === undefined ? {} : { ifMatch: parseEntityTags(etag) }),
    ...(time === undefined ? {} : { ifModifiedAt: readTime(time.trim()) }),
    ...(size === undefined ? {} : { ifSize: readSize(size.trim()) }),
  };
}

/** SDKs write HTTP dates, older ones ISO 8601. Whole seconds, in milliseconds since the epoch. */
function readTime(text: string): number {
  const time = parseHttpDate(text) ?? (/^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN);
  if (Number.isNaN(time)) throw s3Error("MalformedXML");
  return time - (time % 1000);
}

function readSize(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw s3Error("MalformedXML");
  return Number(text);
}
