import { ServiceError } from "../lib/errors.ts";

const STATUS = {
  AccessDeniedException: 403,
  ConflictException: 409,
  InternalServerException: 500,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  UnknownOperationException: 404,
  ValidationException: 400,
} as const;

export function schedulerError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export function scheduleNotFound(name: string): ServiceError {
  return schedulerError("ResourceNotFoundException", `Schedule ${name} does not exist.`);
}

export function groupNotFound(name: string): ServiceError {
  return schedulerError("ResourceNotFoundException", `Schedule group ${name} does not exist.`);
}
