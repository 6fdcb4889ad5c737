import { ServiceError } from "../lib/errors.ts";

/** Codes as IAM has them (IAM API Reference, "Common Errors" and those of CreateUser, DeleteUser). */
const STATUS = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  InvalidInput: 400,
  LimitExceeded: 409,
  NoSuchEntity: 404,
  RequestEntityTooLarge: 413,
  ValidationError: 400,
} as const;

export function apiError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export function noSuchAccount(id: string): ServiceError {
  return apiError("NoSuchEntity", `The account with id ${id} cannot be found.`);
}

export function noSuchKey(accessKeyId: string): ServiceError {
  return apiError("NoSuchEntity", `The Access Key with id ${accessKeyId} cannot be found.`);
}
