import { JsonError, parseJson } from "../../lib/json.ts";
import type { Incoming } from "../incoming.ts";

/** What a record says of a request or an answer. */
export type SafeMembers = Readonly<Record<string, unknown>>;

/**
 * Members that identify, count or choose. All others stay out: documents, payloads, environments, whatever a later
 * version of an API brings, and so every secret.
 */
const KEPT =
  /(^|[a-z])(Name|Arn|ARN|Id|Type|Status|State|Path|PathPrefix|Prefix|Scope|Url|Runtime|Handler|Role|Qualifier|Principal|Action|Version|Size|Count|Days|Seconds|MaxItems|MaxResults|Limit|Enabled|DryRun|Expression|Timezone|Boundary)$/;
/** Names that end so, and may hold what lets in. */
const SECRET = /secret|password|token/i;
/** What is in them has names of the account's own choice. */
const FREE: ReadonlySet<string> = new Set([
  "Attributes",
  "EncryptionContext",
  "Environment",
  "Tags",
  "Variables",
  "tags",
]);
/** Of the Query protocol itself. */
const PROTOCOL: ReadonlySet<string> = new Set(["Action", "Version"]);
const MAX_TEXT = 256;
const MAX_MEMBERS = 100;
/** Of the structures of an answer: that of CreateUser has its ids in `User`. */
const MAX_DEPTH = 3;
/** A larger body is not worth a second reading: packages of functions. */
const MAX_BODY_BYTES = 65_536;

/** Parameters of S3's query that select or narrow; not those of signatures, nor what overrides headers. */
const KEPT_OF_S3: ReadonlySet<string> = new Set([
  "delimiter",
  "id",
  "list-type",
  "max-keys",
  "partNumber",
  "prefix",
  "uploadId",
  "versionId",
]);
/** `?policy` */
const SUB_RESOURCE = /^[a-zA-Z-]{3,40}$/;

/** The members of a request in JSON, or of a form, as far as they hold no secret. */
export function describeRequest(body: Uint8Array | undefined, { headers, method, rawQuery }: Incoming): SafeMembers {
  if (body === undefined || body.length > MAX_BODY_BYTES) return {};
  const isForm = (headers.get("content-type") ?? "").startsWith("application/x-www-form-urlencoded");
  const text = new TextDecoder().decode(body);
  if (!isForm && method !== "GET") return pickSafe(readJson(text), 1);
  const form = [...new URLSearchParams(method === "GET" ? rawQuery : text)];
  return pickSafe(Object.fromEntries(form.filter(([name]) => !PROTOCOL.has(name))), 1);
}

/** The ids that an answer has, in the structures in which it has them. */
export function describeAnswer(answer: object): SafeMembers {
  return pickSafe(answer, MAX_DEPTH);
}

/** Bucket, key, and what of the query selects or narrows. */
export function describeS3Request(bucketName: string, key: string, rawQuery: string): SafeMembers {
  const members: Record<string, unknown> = {};
  if (bucketName !== "") members["bucketName"] = shorten(bucketName);
  if (key !== "") members["key"] = shorten(key);
  for (const [name, value] of new URLSearchParams(rawQuery)) {
    const isSubResource = value === "" && SUB_RESOURCE.test(name);
    if (isSubResource || KEPT_OF_S3.has(name)) members[name] = shorten(value);
  }
  return members;
}

function pickSafe(members: object, depth: number): SafeMembers {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(members).slice(0, MAX_MEMBERS)) {
    const safe = FREE.has(name) ? undefined : pickValue(name, value, depth);
    if (safe !== undefined) kept[name.charAt(0).toLowerCase() + name.slice(1)] = safe;
  }
  return kept;
}

function pickValue(name: string, value: unknown, depth: number): unknown {
  if (typeof value === "object" && value !== null) return pickStructure(value, depth);
  if (!KEPT.test(name) || SECRET.test(name)) return undefined;
  return typeof value === "string" ? shorten(value) : value;
}

/** Lists are entries of data, or what was listed: neither belongs in a record. */
function pickStructure(value: object, depth: number): SafeMembers | undefined {
  if (depth === 1 || Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  const kept = pickSafe(value, depth - 1);
  return Object.keys(kept).length === 0 ? undefined : kept;
}

function readJson(text: string): object {
  try {
    const value = parseJson(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch (error) {
    if (error instanceof JsonError) return {};
    throw error;
  }
}

function shorten(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
