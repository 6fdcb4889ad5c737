import { ServiceError } from "../lib/errors.ts";

/**
 * Lambda's errors with their statuses (Lambda API Reference, "Errors" of each operation, and "Common
 * Errors"). The gateway renders them as JSON and names the code in `x-amzn-errortype`.
 */
const STATUS = {
  AccessDeniedException: 403,
  CodeStorageExceededException: 400,
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  KMSAccessDeniedException: 502,
  MissingAuthenticationTokenException: 403,
  NotImplementedException: 501,
  PolicyLengthExceededException: 400,
  PreconditionFailedException: 412,
  ProvisionedConcurrencyConfigNotFoundException: 404,
  RecursiveInvocationException: 400,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceException: 500,
  TooManyRequestsException: 429,
  UnknownOperationException: 404,
  ValidationException: 400,
} as const satisfies Record<string, number>;

export type LambdaErrorCode = keyof typeof STATUS;

/** `detail` holds further members of the answer's body, in AWS's names. */
export function lambdaError(
  code: LambdaErrorCode,
  message: string,
  detail: Readonly<Record<string, string>> = {},
): ServiceError {
  return new ServiceError(code, STATUS[code], message, detail);
}

export function invalidParameter(message: string): ServiceError {
  return lambdaError("InvalidParameterValueException", message);
}

/** `arn` with the qualifier, where the caller gave one. */
export function functionNotFound(arn: string): ServiceError {
  return lambdaError("ResourceNotFoundException", `Function not found: ${arn}`);
}

/** As the operations on event-invoke configurations put it. */
export function functionMissing(): ServiceError {
  return lambdaError("ResourceNotFoundException", "The function doesn't exist.");
}

export function revisionMismatch(): ServiceError {
  return lambdaError(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
  );
}

export function unusableRole(): ServiceError {
  return lambdaError(
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
  );
}
