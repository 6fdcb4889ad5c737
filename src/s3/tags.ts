import type { HeaderFields } from "../lib/header-fields.ts";
import type { AccessRequest } from "../lib/operation.ts";
import { compareUtf8 } from "../lib/text-order.ts";
import { children, element, type XmlElement, type XmlNode } from "../lib/xml.ts";
import type { Tag } from "../metadata/bucket/documents.ts";
import type { S3Call } from "./call.ts";
import { aclAccess } from "./acl/write-acl.ts";
import { checkChildren, requireChild, requireText } from "./config/document.ts";
import { invalidArgument, s3Error } from "./errors.ts";
import { lockAccess } from "./lock-headers.ts";

/** Amazon S3 User Guide, "Categorizing your objects using tags" and "Using cost allocation S3 bucket tags". */
const MAX_OBJECT_TAGS = 10;
const MAX_BUCKET_TAGS = 50;
const MAX_KEY_CHARACTERS = 128;
const MAX_VALUE_CHARACTERS = 256;
/** Letters, spaces and numbers of any language, and what AWS names beside them. */
const ALLOWED = /^[\p{L}\p{M}\p{N}\p{Zs}+\-=._:/@]*$/u;

const HEADER = "x-amz-tagging";

/** Reads a `Tagging` document; what it says must be valid tags. */
export function readTagSet(root: XmlNode, kind: "Bucket" | "Object"): readonly Tag[] {
  checkChildren(root, ["TagSet"]);
  return readTags(requireChild(root, "TagSet"), kind);
}

/** The `Tag` elements of a set. @throws ServiceError InvalidTag, MalformedXML */
export function readTags(set: XmlNode, kind: "Bucket" | "Object"): readonly Tag[] {
  checkChildren(set, [], ["Tag"]);
  const tags = children(set, "Tag").map((tag) => {
    checkChildren(tag, ["Key", "Value"]);
    return { key: requireText(tag, "Key"), value: requireText(tag, "Value") };
  });
  return checkTags(tags, kind);
}

/** `x-amz-tagging` of a write: `key=value&key=value`, percent-encoded. Empty without the header. */
export function readTaggingHeader(headers: HeaderFields): readonly Tag[] {
  const header = headers.get(HEADER);
  if (!header) return [];
  const tags = header
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const equals = pair.indexOf("=");
      const [key, value] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return { key: decodeForm(key, header), value: decodeForm(value, header) };
    });
  if (hasDuplicates(tags)) throw badHeader(header);
  return checkTags(tags, "Object");
}

/** What a write needs that may bring tags and a lock along: they have permissions of their own. */
export function writeAccess({
  headers,
  bucketName: bucket,
  key,
}: Pick<S3Call, "headers" | "bucketName" | "key">): readonly AccessRequest[] {
  const write = { action: "s3:PutObject", bucket, key };
  const lock = lockAccess({ headers, bucketName: bucket, key });
  const more = [...lock, ...aclAccess({ headers, bucketName: bucket, key })];
  if (!headers.get(HEADER)) return [write, ...more];
  return [write, { action: "s3:PutObjectTagging", bucket, key, withWrite: true }, ...more];
}

export function renderTagSet(tags: readonly Tag[]): XmlElement {
  const rendered = tags.map(({ key, value }) => element("Tag", element("Key", key), element("Value", value)));
  return element("Tagging", element("TagSet", rendered));
}

/** The tags in the order of their keys; throws InvalidTag. */
export function checkTags(tags: readonly Tag[], kind: "Bucket" | "Object"): readonly Tag[] {
  const limit = kind === "Bucket" ? MAX_BUCKET_TAGS : MAX_OBJECT_TAGS;
  if (tags.length > limit) throw s3Error("InvalidTag", { message: `${kind} tags cannot be greater than ${limit}` });
  for (const { key, value } of tags) {
    if (/^aws:/i.test(key)) {
      throw invalidTag("System tags cannot be added/updated by requester", { TagKey: key });
    }
    if (key === "" || !isValid(key, MAX_KEY_CHARACTERS)) {
      throw invalidTag("The TagKey you have provided is invalid", { TagKey: key });
    }
    if (!isValid(value, MAX_VALUE_CHARACTERS)) {
      throw invalidTag("The TagValue you have provided is invalid", { TagKey: key, TagValue: value });
    }
  }
  if (hasDuplicates(tags)) throw invalidTag("Cannot provide multiple Tags with the same key", {});
  return tags.toSorted((one, other) => compareUtf8(one.key, other.key));
}

function isValid(text: string, maxCharacters: number): boolean {
  return Array.from(text).length <= maxCharacters && ALLOWED.test(text);
}

/** Whether two tags have one key. */
export function hasDuplicates(tags: readonly Tag[]): boolean {
  return new Set(tags.map(({ key }) => key)).size < tags.length;
}

function invalidTag(message: string, detail: Record<string, string>) {
  return s3Error("InvalidTag", { message, detail });
}

function decodeForm(text: string, header: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw badHeader(header);
  }
}

function badHeader(header: string) {
  return invalidArgument(
    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    HEADER,
    header,
  );
}
