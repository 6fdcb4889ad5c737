import { ServiceError } from "../lib/errors.ts";
import type { InputErrors } from "../lib/json-input.ts";

/** Errors of CloudTrail with their statuses (API Reference, "Errors" of each operation, and "Common Errors"). */
const STATUS = {
  InvalidEventCategoryException: 400,
  InvalidLookupAttributesException: 400,
  InvalidMaxResultsException: 400,
  InvalidNextTokenException: 400,
  InvalidTimeRangeException: 400,
  MissingAuthenticationTokenException: 403,
  RequestEntityTooLargeException: 413,
  SerializationException: 400,
  TrailNotFoundException: 400,
  UnknownOperationException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export function cloudTrailError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export const INPUT_ERRORS: InputErrors = {
  unreadable: (why) => cloudTrailError("SerializationException", `The request is not a JSON object: ${why}`),
  wrongType: (message) => cloudTrailError("SerializationException", message),
  invalid: (message) => cloudTrailError("ValidationException", message),
};
