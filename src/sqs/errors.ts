import { ServiceError } from "../lib/errors.ts";

/** SQS's errors by the names of its model: the code of the Query protocol, and the status. */
const ERRORS = {
  AccessDenied: { query: "AccessDenied", status: 403 },
  BatchEntryIdsNotDistinct: { query: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct", status: 400 },
  BatchRequestTooLong: { query: "AWS.SimpleQueueService.BatchRequestTooLong", status: 400 },
  EmptyBatchRequest: { query: "AWS.SimpleQueueService.EmptyBatchRequest", status: 400 },
  InternalFailure: { query: "InternalFailure", status: 500 },
  InvalidAction: { query: "InvalidAction", status: 400 },
  InvalidAddress: { query: "InvalidAddress", status: 400 },
  InvalidAttributeName: { query: "InvalidAttributeName", status: 400 },
  InvalidAttributeValue: { query: "InvalidAttributeValue", status: 400 },
  InvalidBatchEntryId: { query: "AWS.SimpleQueueService.InvalidBatchEntryId", status: 400 },
  InvalidMessageContents: { query: "InvalidMessageContents", status: 400 },
  InvalidParameterValue: { query: "InvalidParameterValue", status: 400 },
  MessageNotInflight: { query: "AWS.SimpleQueueService.MessageNotInflight", status: 400 },
  MissingParameter: { query: "MissingParameter", status: 400 },
  PurgeQueueInProgress: { query: "AWS.SimpleQueueService.PurgeQueueInProgress", status: 403 },
  QueueDoesNotExist: { query: "AWS.SimpleQueueService.NonExistentQueue", status: 400 },
  QueueNameExists: { query: "QueueAlreadyExists", status: 400 },
  ReceiptHandleIsInvalid: { query: "ReceiptHandleIsInvalid", status: 404 },
  ResourceNotFoundException: { query: "ResourceNotFoundException", status: 404 },
  SerializationException: { query: "MalformedInput", status: 400 },
  TooManyEntriesInBatchRequest: { query: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest", status: 400 },
  UnsupportedOperation: { query: "AWS.SimpleQueueService.UnsupportedOperation", status: 400 },
} as const;

export type SqsErrorName = keyof typeof ERRORS;

export function sqsError(name: SqsErrorName, message: string): ServiceError {
  return new ServiceError(name, ERRORS[name].status, message);
}

export function missingParameter(name: string): ServiceError {
  return sqsError("MissingParameter", `The request must contain the parameter ${name}.`);
}

export function invalidParameter(name: string, value: unknown, reason: string): ServiceError {
  return sqsError(
    "InvalidParameterValue",
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`,
  );
}

export function queueDoesNotExist(): ServiceError {
  return sqsError("QueueDoesNotExist", "The specified queue does not exist.");
}

/** An error's code in the Query protocol; those of signatures are the same in both. */
export function queryCodeOf({ code }: ServiceError): string {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code as SqsErrorName].query : code;
}
