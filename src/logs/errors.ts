import { ServiceError } from "../lib/errors.ts";
import type { InputErrors } from "../lib/json-input.ts";

/** Errors of CloudWatch Logs with their statuses (API Reference, "Errors" of each operation, and "Common Errors"). */
const STATUS = {
  InvalidParameterException: 400,
  MissingAuthenticationTokenException: 403,
  NotImplementedException: 501,
  RequestEntityTooLargeException: 413,
  ResourceAlreadyExistsException: 400,
  ResourceNotFoundException: 400,
  SerializationException: 400,
  ServiceUnavailableException: 500,
  TooManyTagsException: 400,
  UnknownOperationException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export function logsError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export function invalidParameter(message: string): ServiceError {
  return logsError("InvalidParameterException", message);
}

export function groupNotFound(): ServiceError {
  return logsError("ResourceNotFoundException", "The specified log group does not exist.");
}

/** What is missing of a group and a stream in it. */
export function streamNotFound(outcome: "group-not-found" | "stream-not-found"): ServiceError {
  if (outcome === "group-not-found") return groupNotFound();
  return logsError("ResourceNotFoundException", "The specified log stream does not exist.");
}

export const INPUT_ERRORS: InputErrors = {
  unreadable: (why) => logsError("SerializationException", `The request is not a JSON object: ${why}`),
  wrongType: (message) => logsError("SerializationException", message),
  invalid: invalidParameter,
};
