import { type EventPattern, EventPatternError, matchesEvent, parseEventPattern } from "../../lib/event-pattern.ts";
import type { ReceivedMessage } from "../../metadata/queue/protocol.ts";
import { invalidParameter } from "../errors.ts";
import type { Input } from "../input.ts";
import { describeMessage } from "./record.ts";

/** "You can define up to five different filters": a quota that AWS raises to ten. */
const MAX_FILTERS = 10;
const MAX_PATTERN = 4_096;

/** The patterns of `FilterCriteria`; undefined: the body has none. @throws ServiceError InvalidParameterValueException */
export function readFilters(input: Input): readonly string[] | undefined {
  const filters = input.structure("FilterCriteria")?.structures("Filters");
  if (!input.has("FilterCriteria")) return undefined;
  const patterns = (filters ?? []).map((filter) => filter.requireText("Pattern", { max: MAX_PATTERN }));
  input.finish();
  if (patterns.length > MAX_FILTERS) {
    throw invalidParameter(`Exceeded maximum filters per event source mapping: ${MAX_FILTERS}.`);
  }
  for (const pattern of patterns) checkPattern(pattern);
  return patterns;
}

function checkPattern(pattern: string): void {
  try {
    parseEventPattern(pattern);
  } catch (error) {
    if (error instanceof EventPatternError) throw invalidParameter("Invalid filter pattern definition.");
    throw error;
  }
}

/** Chooses the messages that one of the patterns wants; all where there are none. */
export function compileFilters(
  patterns: readonly string[],
  sourceArn: string,
  region: string,
): (message: ReceivedMessage) => boolean {
  if (patterns.length === 0) return () => true;
  const compiled = patterns.map(parseEventPattern);
  return (message) => {
    const body = readBody(message.body);
    const record = { ...describeMessage(message, sourceArn, region), body };
    return compiled.some((pattern) => isOfSameKind(pattern, body) && matchesEvent(pattern, record));
  };
}

/** JSON, where the body is an object or a list; its text otherwise. */
function readBody(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** "Properly filtering Amazon SQS messages": a pattern for JSON drops plain text, and the reverse. */
function isOfSameKind({ fields }: EventPattern, body: unknown): boolean {
  const wanted = fields.find(([name]) => name === "body")?.[1];
  return wanted === undefined || Array.isArray(wanted) === (typeof body === "string");
}
