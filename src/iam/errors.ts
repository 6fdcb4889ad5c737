import { ServiceError } from "../lib/errors.ts";
import type { EntityKind, Refusal } from "../metadata/iam/protocol.ts";

/** IAM API Reference, "Common Errors" and those of its operations. */
const STATUS = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  InvalidAction: 400,
  InvalidInput: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  NotImplemented: 501,
  ValidationError: 400,
} as const;

export function iamError(code: keyof typeof STATUS, message: string): ServiceError {
  return new ServiceError(code, STATUS[code], message);
}

export function noSuchEntity(kind: EntityKind, name: string): ServiceError {
  return iamError("NoSuchEntity", `The ${kind} with name ${name} cannot be found.`);
}

export function noSuchPolicy(arn: string): ServiceError {
  return iamError("NoSuchEntity", `Policy ${arn} was not found.`);
}

/** What was refused, in IAM's words. `what`: how messages name the thing; `missing`: for what is not there. */
export function refusalError(refusal: Refusal, what: string, missing: ServiceError): ServiceError {
  switch (refusal.outcome) {
    case "not-found":
      return missing;
    case "exists":
      return iamError("EntityAlreadyExists", `${what} already exists.`);
    case "limit":
      return iamError("LimitExceeded", `Cannot exceed quota for ${refusal.what}: ${refusal.limit}`);
    case "in-use":
      return iamError("DeleteConflict", `Cannot delete entity, ${refusal.by}`);
    case "is-default":
      return iamError("DeleteConflict", "Cannot delete the default version of a policy.");
  }
}
