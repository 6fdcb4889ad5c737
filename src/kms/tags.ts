import type { JsonInput } from "../lib/json-input.ts";
import { findKey, KEY_NAME, type KmsCall, readChangedKey, readPaging, renderPaging, settleKey } from "./call.ts";
import { kmsError } from "./errors.ts";

const MAX_TAGS = 50;

/** `Tags`; without a prototype, so that any name is one like another. */
export function readTags(input: JsonInput): Record<string, string> {
  const entries = (input.structures("Tags") ?? []).map((tag) => [
    tag.requireText("TagKey", { min: 1, max: 128 }),
    tag.requireText("TagValue", { max: 256 }),
  ]);
  const tags = Object.fromEntries(entries) as Record<string, string>;
  if (Object.keys(tags).length < entries.length) throw kmsError("TagException", "Duplicate tag keys");
  if (Object.keys(tags).some((name) => name.startsWith("aws:"))) {
    throw kmsError("TagException", "Tag keys must not begin with aws:");
  }
  return tags;
}

/** TagResource */
export async function tagResource(call: KmsCall): Promise<undefined> {
  const added = readTags(call.input);
  const key = await readChangedKey(call);
  const tags = { ...key.tags, ...added };
  if (Object.keys(tags).length > MAX_TAGS) throw kmsError("TagException", "Too many tags");
  settleKey(call, key.id, await call.keys.setTags(key.id, tags));
}

/** UntagResource */
export async function untagResource(call: KmsCall): Promise<undefined> {
  const removed = new Set(call.input.textList("TagKeys") ?? []);
  const key = await readChangedKey(call);
  const kept = Object.entries(key.tags).filter(([name]) => !removed.has(name));
  settleKey(call, key.id, await call.keys.setTags(key.id, Object.fromEntries(kept)));
}

/** ListResourceTags */
export async function listResourceTags(call: KmsCall): Promise<object> {
  const name = call.input.requireText("KeyId", KEY_NAME);
  const { after, limit } = readPaging(call, MAX_TAGS, 1_000);
  const { key } = await findKey(call, name);
  const rest = Object.entries(key.tags)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .filter(([tag]) => tag > after);
  const page = rest.slice(0, limit);
  const Tags = page.map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
  return { Tags, ...renderPaging(rest.length > page.length, page.at(-1)?.[0]) };
}
