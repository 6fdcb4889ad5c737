import { openQueue } from "./access.ts";
import type { SqsCall, SqsResult } from "./call.ts";
import { missingParameter, queueDoesNotExist, sqsError } from "./errors.ts";

const MAX_TAGS = 50;

/** TagQueue. */
export async function tagQueue(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const added = call.input.textMap("Tags");
  if (!added) throw missingParameter("Tags");
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  readTags({ ...record.tags, ...added });
  if (!(await queue.setTags(added, []))) throw queueDoesNotExist();
  return {};
}

/** UntagQueue. */
export async function untagQueue(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const removed = call.input.textList("TagKeys");
  if (!removed) throw missingParameter("TagKeys");
  if (!(await queue.setTags({}, removed))) throw queueDoesNotExist();
  return {};
}

/** ListQueueTags. */
export async function listQueueTags(call: SqsCall): Promise<SqsResult> {
  const { queue } = openQueue(call);
  const record = await queue.find();
  if (!record) throw queueDoesNotExist();
  return Object.keys(record.tags).length === 0 ? {} : { Tags: record.tags };
}

/** @throws ServiceError InvalidParameterValue */
export function readTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS)
    throw sqsError("InvalidParameterValue", `Too many tags added for queue: at most ${MAX_TAGS}.`);
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > 128 || value.length > 256) {
      throw sqsError("InvalidParameterValue", "Tag keys have 1 to 128 and values up to 256 characters.");
    }
  }
  return tags;
}
