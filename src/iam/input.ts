import { randomText } from "../auth/access-key-ids.ts";
import { parsePolicy, type PolicyKind, PolicySyntaxError } from "../auth/policy/parse.ts";
import { type FormInput, invalidMember, type QueryResult } from "../lib/query-protocol.ts";
import type { EntityKind, IamTag, PageQuery } from "../metadata/iam/protocol.ts";
import { iamError } from "./errors.ts";

export const NAME_MEMBERS: Readonly<Record<EntityKind, string>> = {
  user: "UserName",
  group: "GroupName",
  role: "RoleName",
};
const MAX_NAME: Readonly<Record<EntityKind, number>> = { user: 64, group: 128, role: 64 };
const MAX_POLICY_NAME = 128;
const NAME = /^[\w+=,.@-]+$/;
const PATH = /^\/(?:[\x21-\x7e]+\/)?$/;
const MAX_PATH = 512;
const MAX_TAGS = 50;
const TAG_KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
/** IAM's ids: a prefix that tells what it is, and 17 capitals and digits. */
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_PREFIXES = { user: "AIDA", group: "AGPA", role: "AROA", policy: "ANPA" } as const;

export function createUniqueId(kind: keyof typeof ID_PREFIXES): string {
  return ID_PREFIXES[kind] + randomText(ID_ALPHABET, 17);
}

/** The name of an entity that the request makes or is about. @throws ServiceError ValidationError */
export function readEntityName(input: FormInput, kind: EntityKind, member = NAME_MEMBERS[kind]): string {
  return checkName(member, input.required(member), MAX_NAME[kind]);
}

/** @throws ServiceError ValidationError */
export function readPolicyName(input: FormInput): string {
  return checkName("PolicyName", input.required("PolicyName"), MAX_POLICY_NAME);
}

/** `/` where there is none. @throws ServiceError ValidationError */
export function readPath(input: FormInput, member = "Path"): string {
  const path = input.text(member) ?? "/";
  if (path.length <= MAX_PATH && PATH.test(path)) return path;
  throw invalidMember(member, "Member must begin and end with a slash");
}

/** @throws ServiceError ValidationError, InvalidInput, LimitExceeded */
export function readTags(input: FormInput): IamTag[] {
  const tags = input.structures("Tags").map((tag) => ({ key: tag.required("Key"), value: tag.text("Value") ?? "" }));
  if (!tags.every(({ key, value }) => TAG_KEY.test(key) && TAG_VALUE.test(value))) {
    throw invalidMember("Tags", "Member must have keys of 1 to 128 and values of at most 256 allowed characters");
  }
  if (new Set(tags.map(({ key }) => key.toLowerCase())).size < tags.length) {
    throw iamError("InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  }
  return checkTagCount(tags);
}

/** The tags of something once those of the request have been added. */
export function addTags(input: FormInput, known: readonly IamTag[]): IamTag[] {
  const added = readTags(input);
  const names = new Set(added.map(({ key }) => key.toLowerCase()));
  return checkTagCount([...known.filter(({ key }) => !names.has(key.toLowerCase())), ...added]);
}

/** The tags of something without those that the request names. */
export function removeTags(input: FormInput, known: readonly IamTag[]): IamTag[] {
  const removed = new Set(input.list("TagKeys").map((key) => key.toLowerCase()));
  return known.filter(({ key }) => !removed.has(key.toLowerCase()));
}

/** A policy document, as it was given. @throws ServiceError MalformedPolicyDocument, LimitExceeded */
export function readDocument(input: FormInput, member: string, kind: PolicyKind, maxBytes: number): string {
  const text = input.required(member);
  checkDocument(text, kind);
  if (text.length > maxBytes) throw iamError("LimitExceeded", `Cannot exceed quota for PolicySize: ${maxBytes}`);
  return text;
}

/** @throws ServiceError MalformedPolicyDocument */
export function checkDocument(text: string, kind: PolicyKind): void {
  try {
    parsePolicy(text, kind);
  } catch (error) {
    if (error instanceof PolicySyntaxError) throw iamError("MalformedPolicyDocument", error.message);
    throw error;
  }
}

/** @throws ServiceError ValidationError */
export function readPage(input: FormInput): PageQuery {
  return {
    pathPrefix: input.text("PathPrefix") ?? "/",
    after: Buffer.from(input.text("Marker") ?? "", "base64").toString(),
    limit: input.integer("MaxItems", 1, 1_000) ?? 100,
  };
}

/** What an answer says of the rest of a list that was cut. */
export function describeRest(next: string | undefined): QueryResult {
  if (next === undefined) return { IsTruncated: false };
  return { IsTruncated: true, Marker: Buffer.from(next).toString("base64") };
}

/** A page of a list that lies here as a whole. */
export function cutPage<Item>(
  input: FormInput,
  items: readonly Item[],
  nameOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly rest: QueryResult } {
  const { after, limit } = readPage(input);
  const start = after === "" ? 0 : items.findIndex((item) => nameOf(item) === after) + 1;
  const page = items.slice(start, start + limit);
  const more = start + limit < items.length;
  return { items: page, rest: describeRest(more ? nameOf(page.at(-1)!) : undefined) };
}

function checkTagCount(tags: IamTag[]): IamTag[] {
  if (tags.length <= MAX_TAGS) return tags;
  throw iamError("LimitExceeded", `The number of tags has reached the maximum limit of ${MAX_TAGS}.`);
}

function checkName(member: string, name: string, max: number): string {
  if (name.length > max) throw invalidMember(member, `Member must have length less than or equal to ${max}`);
  if (NAME.test(name)) return name;
  const camel = member.charAt(0).toLowerCase() + member.slice(1);
  throw iamError(
    "ValidationError",
    `The specified value for ${camel} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`,
  );
}
