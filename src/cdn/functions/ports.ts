import type { EdgeFunction } from "../../metadata/cdn/protocol.ts";
import { OriginError } from "../origin/origin-request.ts";

/** A run of a CloudFront Function. One that fails is an outcome, not an exception. */
export interface FunctionRun {
  /** What the handler returned; undefined when it failed. */
  readonly result: unknown;
  /** Its own message and stack, when it failed. */
  readonly error?: string;
  /** What it wrote. */
  readonly logs: readonly string[];
  readonly milliseconds: number;
}

/** What edge functions need of the deployment. */
export interface EdgeFunctionPorts {
  /**
   * Runs a CloudFront Function of an account on an event object.
   * @param rawQuery what `request.rawQueryString()` answers
   */
  runFunction(source: EdgeFunction, accountId: string, event: object, rawQuery: string): Promise<FunctionRun>;
  /** Whether an ARN is a version of a function of this deployment, and of an account. */
  hasLambda(arn: string, accountId: string): Promise<boolean>;
  /**
   * Invokes a function of this deployment, of the distribution's own account; answers what it returned.
   * @throws {EdgeFunctionError} when it fails, or there is no such function.
   */
  invokeLambda(arn: string, accountId: string, event: object, timeoutMs: number): Promise<unknown>;
}

/** Why an edge function gave no usable result. To those who asked the origin it is the origin that failed. */
export class EdgeFunctionError extends OriginError {
  /** `status` as CloudFront's: 502 for a result that is not valid, 503 for a function that fails. */
  constructor(status: 502 | 503, message: string) {
    super(status, message);
    this.name = "EdgeFunctionError";
  }
}
