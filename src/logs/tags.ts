import type { JsonInput } from "../lib/json-input.ts";
import type { GroupChange } from "../metadata/logs/protocol.ts";
import type { LogsCall } from "./call.ts";
import { groupNotFound, logsError } from "./errors.ts";
import { GROUP_NAME, resolveGroup } from "./names.ts";

const KEY = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u;
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const ARN = { min: 1, max: 1011, pattern: /^[\w+=/:,.@-]*$/ };

/** Reports keys and values that the model does not allow. */
export function checkTags(input: JsonInput, tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (!KEY.test(key)) input.violate("tags", `'${key}'`, `satisfy regular expression pattern: ${KEY.source}`);
    if (!VALUE.test(value)) input.violate("tags", `'${value}'`, `satisfy regular expression pattern: ${VALUE.source}`);
  }
}

/** TagResource. */
export async function tagResource(call: LogsCall): Promise<undefined> {
  const group = readResource(call);
  return putTags(call, group);
}

/** UntagResource. */
export async function untagResource(call: LogsCall): Promise<undefined> {
  const group = readResource(call);
  return removeTags(call, group, "tagKeys");
}

/** ListTagsForResource. */
export async function listTagsForResource(call: LogsCall): Promise<object> {
  const group = readResource(call);
  return listTags(call, group);
}

/** TagLogGroup, the older form of TagResource. */
export async function tagLogGroup(call: LogsCall): Promise<undefined> {
  return putTags(call, call.input.requireText("logGroupName", GROUP_NAME));
}

/** UntagLogGroup, the older form of UntagResource. */
export async function untagLogGroup(call: LogsCall): Promise<undefined> {
  return removeTags(call, call.input.requireText("logGroupName", GROUP_NAME), "tags");
}

/** ListTagsLogGroup, the older form of ListTagsForResource. */
export async function listTagsLogGroup(call: LogsCall): Promise<object> {
  return listTags(call, call.input.requireText("logGroupName", GROUP_NAME));
}

function readResource(call: LogsCall): string {
  const arn = call.input.requireText("resourceArn", ARN);
  call.input.finish();
  return resolveGroup(call, arn);
}

async function putTags(call: LogsCall, group: string): Promise<undefined> {
  const { input } = call;
  const tags = input.textMap("tags");
  if (!tags) input.violate("tags", "null", "not be null");
  checkTags(input, tags ?? {});
  input.finish();
  return changeTags(call, group, { putTags: tags ?? {} });
}

async function removeTags(call: LogsCall, group: string, member: string): Promise<undefined> {
  const keys = call.input.textList(member, { max: 50 });
  if (!keys) call.input.violate(member, "null", "not be null");
  call.input.finish();
  return changeTags(call, group, { removeTags: keys ?? [] });
}

async function changeTags({ ask }: LogsCall, group: string, change: GroupChange): Promise<undefined> {
  const outcome = await ask((index) => index.changeGroup(group, change));
  if (outcome === "not-found") throw groupNotFound();
  if (outcome === "too-many-tags") throw logsError("TooManyTagsException", "A log group can have 50 tags at most.");
  return undefined;
}

async function listTags({ ask, input }: LogsCall, group: string): Promise<object> {
  input.finish();
  const found = await ask((index) => index.findGroup(group));
  if (!found) throw groupNotFound();
  return { tags: found.tags };
}
