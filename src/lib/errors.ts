/** Why access was denied: for the audit trails of the accounts concerned, never for an answer. */
export interface Explanation {
  /** `Deny by statement NoDeletes of policy bucket photos` */
  readonly reason: string;
  /** Whose policies it is about: those of what was asked for, or those of who asked. */
  readonly side: "resource" | "caller";
}

/**
 * The one error type that operations throw. Each service keeps a catalogue (`s3/errors.ts`, …)
 * of its codes and builds these; the gateway renders them in the service's own wire format.
 */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further elements of the answer, in AWS's names and order: `{ Key: "a", RequestedRange: … }`. */
  readonly detail: Readonly<Record<string, string>>;
  /** Headers that belong to the error: `allow`, `retry-after`, `x-amz-delete-marker`, `etag`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Given by those who decide, once they refuse. */
  explanation?: Explanation;

  constructor(
    code: string,
    status: number,
    message: string,
    detail: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = "ServiceError";
    this.code = code;
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }

  /** The same error, knowing why. */
  because(explanation: Explanation): this {
    this.explanation = explanation;
    return this;
  }
}
