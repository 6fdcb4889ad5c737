import { ServiceError } from "../lib/errors.ts";

/** STS API Reference, "Common Errors" and those of its operations. */
const STATUS = {
  AccessDenied: 403,
  InvalidAction: 400,
  MalformedPolicyDocument: 400,
  NotImplemented: 501,
  PackedPolicyTooLarge: 400,
  ValidationError: 400,
} as const;

export function stsError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}
