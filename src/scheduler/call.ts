import type { ScheduleOwner, SchedulesApi } from "../metadata/schedule/protocol.ts";
import { JsonInput } from "../lib/json-input.ts";
import type { Operation } from "../lib/operation.ts";
import type { Query } from "../lib/query.ts";
import { Violations } from "../lib/violations.ts";
import { schedulerError } from "./errors.ts";

/** A request to EventBridge Scheduler: who asks is known and may. */
export interface SchedulerCall {
  /** By the names of the row's template, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Uint8Array;
  readonly owner: ScheduleOwner;
  readonly schedules: SchedulesApi;
}

/** What an operation answers, as JSON. */
export type SchedulerResult = object;

export type SchedulerOperation = Operation<SchedulerCall, SchedulerResult>;

/** The members of the body. @throws ServiceError ValidationException, SerializationException */
export function readInput({ body }: SchedulerCall): JsonInput {
  return JsonInput.parse(body, {
    unreadable: (why) => schedulerError("SerializationException", `The request body could not be parsed: ${why}`),
    wrongType: (message) => schedulerError("SerializationException", message),
    invalid: (message) => schedulerError("ValidationException", message),
  });
}

export function createViolations(): Violations {
  return new Violations((message) => schedulerError("ValidationException", message));
}

const NAME = { min: 1, max: 64, pattern: /^[0-9a-zA-Z\-_.]+$/ };

/** A name in the path or query, checked. `member` as messages call it. */
export function checkName(violations: Violations, member: string, name: string): string {
  violations.checkText(member, name, NAME);
  return name;
}

export interface Paging {
  readonly limit: number;
  /** What `NextToken` holds; empty at the beginning. */
  readonly after: string;
}

const MAX_RESULTS = 100;

/** `MaxResults` and `NextToken`. */
export function readPaging(query: Query, violations: Violations): Paging {
  const wanted = query.get("MaxResults");
  const limit = wanted === undefined ? MAX_RESULTS : Number(wanted);
  violations.checkNumber("maxResults", limit, { min: 1, max: MAX_RESULTS });
  if (!Number.isInteger(limit)) violations.add("maxResults", `'${wanted}'`, "be an integer");
  const token = query.get("NextToken");
  return { limit, after: token === undefined ? "" : readToken(token) };
}

export function writeToken(after: string): string {
  return Buffer.from(after).toString("base64url");
}

function readToken(token: string): string {
  const after = Buffer.from(token, "base64url").toString();
  if (writeToken(after) === token && token !== "") return after;
  throw schedulerError("ValidationException", "The NextToken is not one that a listing answered.");
}

/** Timestamps are seconds in JSON. */
export function toSeconds(milliseconds: number): number {
  return milliseconds / 1_000;
}
