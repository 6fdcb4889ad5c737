import type { ConditionContext } from "../auth/policy/policy.ts";
import { readGlobalKey, type RequestFacts } from "../auth/policy/principal-keys.ts";
import type { Query } from "../lib/query.ts";
import { ServiceError } from "../lib/errors.ts";
import type { Tag } from "../metadata/bucket/documents.ts";
import { readTaggingHeader } from "./tags.ts";

/** What of a request conditions may be about. */
export interface ConditionSource extends RequestFacts {
  readonly query: Query;
  /** An upload by form, whose policy was signed. */
  readonly isForm?: boolean;
  /** What of this deployment asks in the name of its account: a distribution. */
  readonly actingFor?: ActingResource | undefined;
}

/** For `aws:SourceArn` and `aws:SourceAccount`. */
export interface ActingResource {
  readonly arn: string;
  readonly accountId: string;
}

const TAG_PREFIX = "s3:requestobjecttag/";
/** Headers whose keys are `s3:` and their name (Service Authorization Reference, "Condition keys for Amazon S3"). */
const HEADER_KEYS: ReadonlySet<string> = new Set([
  "x-amz-acl",
  "x-amz-content-sha256",
  "x-amz-copy-source",
  "x-amz-grant-full-control",
  "x-amz-grant-read",
  "x-amz-grant-read-acp",
  "x-amz-grant-write",
  "x-amz-grant-write-acp",
  "x-amz-metadata-directive",
  "x-amz-object-ownership",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-storage-class",
  "x-amz-website-redirect-location",
]);
/** Keys that have another name than the header or parameter that they are about. */
const OTHER_HEADERS: Readonly<Record<string, string>> = {
  "s3:object-lock-mode": "x-amz-object-lock-mode",
  "s3:object-lock-retain-until-date": "x-amz-object-lock-retain-until-date",
  "s3:object-lock-legal-hold": "x-amz-object-lock-legal-hold",
  "s3:if-match": "if-match",
  "s3:if-none-match": "if-none-match",
};
const PARAMETERS: Readonly<Record<string, string>> = {
  "s3:prefix": "prefix",
  "s3:delimiter": "delimiter",
  "s3:max-keys": "max-keys",
  "s3:versionid": "versionId",
};
const DAY_MS = 86_400_000;

/** The condition keys of a request, each read when a policy asks for it. */
export function conditionContext(source: ConditionSource): ConditionContext {
  return (key) => {
    const value = readKey(key, source);
    return typeof value === "string" ? [value] : value;
  };
}

function readKey(key: string, source: ConditionSource): string | readonly string[] | undefined {
  const header = OTHER_HEADERS[key] ?? (HEADER_KEYS.has(key.slice("s3:".length)) ? key.slice("s3:".length) : undefined);
  if (header !== undefined) return source.headers.get(header) ?? undefined;
  const parameter = PARAMETERS[key];
  if (parameter !== undefined) return source.query.get(parameter);
  if (key.startsWith(TAG_PREFIX)) return findTag(requestTags(source), key.slice(TAG_PREFIX.length));
  return readRequestKey(key, source) ?? readGlobalKey(key, source);
}

function readRequestKey(key: string, source: ConditionSource): string | readonly string[] | undefined {
  switch (key) {
    case "s3:locationconstraint":
      return undefined;
    case "aws:sourcearn":
      return source.actingFor?.arn;
    case "aws:sourceaccount":
      return source.actingFor?.accountId;
    case "s3:signatureversion":
      return isSigned(source) ? "AWS4-HMAC-SHA256" : undefined;
    case "s3:authtype":
      return authType(source);
    case "s3:signatureage":
      return signatureAge(source);
    case "s3:object-lock-remaining-retention-days":
      return remainingDays(source.headers.get("x-amz-object-lock-retain-until-date"));
    case "s3:requestobjecttagkeys":
      return requestTags(source).map((tag) => tag.key);
    default:
      return undefined;
  }
}

function requestTags({ headers }: ConditionSource): readonly Tag[] {
  try {
    return readTaggingHeader(headers);
  } catch (error) {
    // Said by the operation, once the request is allowed.
    if (error instanceof ServiceError) return [];
    throw error;
  }
}

/** Names of condition keys have no case. */
function findTag(tags: readonly Tag[], name: string): string | undefined {
  return tags.find((tag) => tag.key.toLowerCase() === name)?.value;
}

function isSigned({ identity }: ConditionSource): boolean {
  return identity.kind !== "anonymous";
}

function authType(source: ConditionSource): string | undefined {
  if (!isSigned(source)) return undefined;
  if (source.isForm) return "POST";
  return source.query.has("X-Amz-Signature") ? "REST-QUERY-STRING" : "REST-HEADER";
}

/** Milliseconds since a presigned URL was signed. */
function signatureAge({ query }: ConditionSource): string | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(query.get("X-Amz-Date") ?? "") ?? [];
  if (year === undefined) return undefined;
  return String(Date.now() - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`));
}

function remainingDays(until: string | null): string | undefined {
  const time = until === null ? NaN : Date.parse(until);
  return Number.isNaN(time) ? undefined : String(Math.ceil((time - Date.now()) / DAY_MS));
}
