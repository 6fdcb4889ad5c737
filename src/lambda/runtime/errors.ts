import { ServiceError } from "../../lib/errors.ts";

/** What CreateFunction and UpdateFunctionCode answer to a zip that they cannot use. */
export function badPackage(message: string): ServiceError {
  return new ServiceError("InvalidParameterValueException", 400, message);
}

/** No environment is free, and no more may be started. */
export function tooManyRequests(): ServiceError {
  return new ServiceError("TooManyRequestsException", 429, "Rate Exceeded.", {
    Reason: "ConcurrentInvocationLimitExceeded",
  });
}
