import type { Account } from "../auth/identity.ts";
import type { Env } from "../env.ts";
import type { JsonInput } from "../lib/json-input.ts";
import type { LogIndexApi } from "../metadata/logs/protocol.ts";

/** A decoded request to CloudWatch Logs, as an operation sees it. */
export interface LogsCall {
  /** The caller's, whose logs alone it reaches. */
  readonly account: Account;
  readonly region: string;
  readonly input: JsonInput;
  /** Asks the logs of the caller's account. */
  readonly ask: <Answer>(question: (index: LogIndexApi) => Promise<Answer>) => Promise<Answer>;
  /** For reading events, of the caller's account. */
  readonly env: Pick<Env, "LOG_INDEX" | "BLOBS">;
}

/** A row of the operation table. */
export interface LogsOperation {
  /** AWS's name, `FilterLogEvents`: `X-Amz-Target` selects by it. */
  readonly name: string;
  /** IAM action, `logs:FilterLogEvents`. */
  readonly access: string;
  /** Answers the members of the response; nothing where it has none. */
  readonly handle: (call: LogsCall) => Promise<object | undefined>;
}
