import { ServiceError } from "../lib/errors.ts";
import type { InputErrors } from "../lib/json-input.ts";

/** Errors of KMS with their statuses (API Reference, "Errors" of each operation, and "Common Errors"). */
const STATUS = {
  AccessDeniedException: 400,
  AlreadyExistsException: 400,
  ConflictException: 400,
  DisabledException: 400,
  IncorrectKeyException: 400,
  InvalidAliasNameException: 400,
  InvalidArnException: 400,
  InvalidCiphertextException: 400,
  InvalidMarkerException: 400,
  KMSInternalException: 500,
  KMSInvalidStateException: 400,
  LimitExceededException: 400,
  MalformedPolicyDocumentException: 400,
  MissingAuthenticationTokenException: 403,
  NotFoundException: 400,
  RequestEntityTooLargeException: 413,
  SerializationException: 400,
  TagException: 400,
  UnknownOperationException: 400,
  UnsupportedOperationException: 400,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export function kmsError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export const INPUT_ERRORS: InputErrors = {
  unreadable: (why) => kmsError("SerializationException", `The request is not a JSON object: ${why}`),
  wrongType: (message) => kmsError("SerializationException", message),
  invalid: (message) => kmsError("ValidationException", message),
};
