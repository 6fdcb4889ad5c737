import { ServiceError } from "../lib/errors.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { SqsResult } from "./call.ts";
import { queryCodeOf, sqsError } from "./errors.ts";

const MAX_ENTRIES = 10;
const ENTRY_ID = /^[A-Za-z0-9_-]{1,80}$/;

export interface Entry {
  readonly id: string;
  readonly input: JsonInput;
}

/** The entries of a batch request. @throws ServiceError for what makes the whole request wrong */
export function readEntries(input: JsonInput): Entry[] {
  const entries = (input.structures("Entries") ?? []).map((entry) => ({ id: entry.text("Id") ?? "", input: entry }));
  if (entries.length === 0) {
    throw sqsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  }
  if (entries.length > MAX_ENTRIES) {
    throw sqsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${MAX_ENTRIES}. You have sent ${entries.length}.`,
    );
  }
  for (const { id } of entries) {
    if (!ENTRY_ID.test(id)) {
      throw sqsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
  }
  const repeated = entries.find(({ id }, index) => entries.findIndex((other) => other.id === id) < index);
  if (repeated) throw sqsError("BatchEntryIdsNotDistinct", `Id ${repeated.id} repeated.`);
  return entries;
}

/**
 * Runs what can be read of a batch together, and answers each entry by itself: `run` answers in the order of
 * what it was given, an error where one failed.
 */
export async function runBatch<Item>(
  entries: readonly Entry[],
  read: (input: JsonInput) => Item,
  run: (items: readonly Item[]) => Promise<readonly (SqsResult | Error)[]>,
): Promise<SqsResult> {
  const readable: { id: string; item: Item }[] = [];
  const answers = new Map<string, SqsResult | Error>();
  for (const { id, input } of entries) {
    const item = attempt(() => read(input));
    if (item instanceof Error) answers.set(id, item);
    else readable.push({ id, item });
  }
  const outcomes = readable.length === 0 ? [] : await run(readable.map(({ item }) => item));
  for (const [index, { id }] of readable.entries()) answers.set(id, outcomes[index]!);
  const inOrder = entries.map(({ id }) => [id, answers.get(id)!] as const);
  return {
    Successful: inOrder.flatMap(([Id, answer]) => (answer instanceof Error ? [] : [{ Id, ...answer }])),
    Failed: inOrder.flatMap(([id, answer]) => (answer instanceof Error ? [renderFailure(id, answer)] : [])),
  };
}

/** What a step answers, or the error that it throws. */
export function attempt<Answer>(step: () => Answer): Answer | Error {
  try {
    return step();
  } catch (error) {
    return error as Error;
  }
}

function renderFailure(Id: string, error: Error): SqsResult {
  if (!(error instanceof ServiceError)) throw error;
  return { Id, SenderFault: error.status < 500, Code: queryCodeOf(error), Message: error.message };
}
