import { createHash } from "node:crypto";
import type { JsonInput } from "../lib/json-input.ts";
import type { LookupKey, TrailPage, TrailPosition, TrailQuery } from "../metadata/trail/protocol.ts";
import type { CloudTrailCall } from "./call.ts";
import { cloudTrailError } from "./errors.ts";

const DAY_MS = 86_400_000;
const MAX_RESULTS = 50;
const MAX_VALUE_LENGTH = 2_000;
const KEYS: ReadonlySet<string> = new Set<LookupKey>([
  "AccessKeyId",
  "EventId",
  "EventName",
  "EventSource",
  "ReadOnly",
  "ResourceName",
  "ResourceType",
  "Username",
]);

/** LookupEvents: what the trail of the account has, newest first, by one attribute. */
export async function lookupEvents({ input, ask, keptDays }: CloudTrailCall): Promise<object> {
  const attribute = readAttribute(input);
  const startTime = input.timestamp("StartTime");
  const endTime = input.timestamp("EndTime");
  const limit = readLimit(input);
  const token = input.text("NextToken");
  const category = input.text("EventCategory");
  input.finish();
  if (category !== undefined && category !== "insight") {
    throw cloudTrailError("InvalidEventCategoryException", `${category} is not a valid event category.`);
  }
  if (startTime !== undefined && endTime !== undefined && startTime > endTime) {
    throw cloudTrailError("InvalidTimeRangeException", "The start time is after the end time.");
  }
  // Nothing is compared with what is usual, so that there are no insights.
  if (category === "insight") return { Events: [] };
  const fingerprint = hashQuery([attribute ?? null, startTime ?? null, endTime ?? null]);
  const after = token === undefined ? undefined : readToken(token, fingerprint);
  const page = await ask((trail) =>
    trail.lookup({
      ...(attribute && { attribute }),
      from: Math.max(startTime ?? 0, Date.now() - keptDays * DAY_MS),
      // A request names its times in whole seconds, as records do: those of the last one count.
      to: endTime ?? Number.MAX_SAFE_INTEGER,
      ...(after && { after }),
      limit,
    }),
  );
  const last = page.events.at(-1);
  return {
    Events: page.events.map(renderEvent),
    ...(page.more && last && { NextToken: writeToken(last, fingerprint) }),
  };
}

function readAttribute(input: JsonInput): TrailQuery["attribute"] {
  const attributes = input.structures("LookupAttributes") ?? [];
  if (attributes.length > 1) throw invalidAttributes("You can look up events by one attribute at a time.");
  const [attribute] = attributes;
  if (!attribute) return undefined;
  const key = attribute.requireText("AttributeKey");
  const value = attribute.requireText("AttributeValue");
  input.finish();
  if (!isLookupKey(key)) throw invalidAttributes(`${key} is not an attribute by which events can be looked up.`);
  if (value === "" || value.length > MAX_VALUE_LENGTH) {
    throw invalidAttributes(`An attribute's value has 1 to ${MAX_VALUE_LENGTH} characters.`);
  }
  if (key === "ReadOnly" && value !== "true" && value !== "false") {
    throw invalidAttributes("The value of ReadOnly is true or false.");
  }
  return { key, value };
}

function isLookupKey(key: string): key is LookupKey {
  return KEYS.has(key);
}

function readLimit(input: JsonInput): number {
  const limit = input.integer("MaxResults") ?? MAX_RESULTS;
  if (limit >= 1 && limit <= MAX_RESULTS) return limit;
  throw cloudTrailError("InvalidMaxResultsException", `MaxResults must be between 1 and ${MAX_RESULTS}.`);
}

function renderEvent(event: TrailPage["events"][number]): object {
  const { eventId, name, readOnly, accessKeyId, time, source, username, resources, record } = event;
  return {
    EventId: eventId,
    EventName: name,
    ReadOnly: String(readOnly),
    ...(accessKeyId !== "" && { AccessKeyId: accessKeyId }),
    EventTime: Math.floor(time / 1_000),
    EventSource: source,
    ...(username !== "" && { Username: username }),
    Resources: resources.map((resource) => ({ ResourceType: resource.type, ResourceName: resource.name })),
    CloudTrailEvent: record,
  };
}

/** A token goes on with the query that it was given for, and with no other. */
function writeToken({ time, eventId }: TrailPosition, fingerprint: string): string {
  return Buffer.from(JSON.stringify([time, eventId, fingerprint])).toString("base64url");
}

function readToken(token: string, fingerprint: string): TrailPosition {
  try {
    const values: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    const [time, eventId, expected] = Array.isArray(values) ? (values as unknown[]) : [];
    if (typeof time === "number" && typeof eventId === "string" && expected === fingerprint) return { time, eventId };
  } catch {
    // Not one of ours.
  }
  throw cloudTrailError(
    "InvalidNextTokenException",
    "The token is not valid, or is of a request with other parameters.",
  );
}

function hashQuery(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 16);
}

function invalidAttributes(message: string) {
  return cloudTrailError("InvalidLookupAttributesException", message);
}
