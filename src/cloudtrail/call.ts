import type { Account } from "../auth/identity.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { AuditTrailApi } from "../metadata/trail/protocol.ts";

/** A decoded request to CloudTrail, as an operation sees it. */
export interface CloudTrailCall {
  /** The caller's, whose trail alone it reaches. */
  readonly account: Account;
  readonly input: JsonInput;
  /** Asks the audit trail of the caller's account. */
  readonly ask: <Answer>(question: (trail: AuditTrailApi) => Promise<Answer>) => Promise<Answer>;
  /** How many days it goes back. */
  readonly keptDays: number;
}

/** A row of the operation table. */
export interface CloudTrailOperation {
  /** AWS's name: `X-Amz-Target` selects by it. */
  readonly name: string;
  /** IAM action, `cloudtrail:LookupEvents`. */
  readonly access: string;
  readonly handle: (call: CloudTrailCall) => Promise<object>;
}
