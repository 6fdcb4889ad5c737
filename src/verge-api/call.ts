import type { Identity } from "../auth/identity.ts";
import type { Env } from "../env.ts";
import type { Operation } from "../lib/operation.ts";
import type { Payload } from "../lib/payload.ts";
import type { Query } from "../lib/query.ts";

/** A decoded request to `/_verge/api`. */
export interface VergeCall {
  readonly requestId: string;
  readonly identity: Identity;
  /** The client's address as far as the platform tells it; empty otherwise. For the audit only. */
  readonly source: string;
  /** The template's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly payload: Payload;
  readonly env: VergeEnv;
}

export type VergeEnv = Pick<
  Env,
  | "IAM_ACCOUNTS"
  | "REGISTRY"
  | "BUCKET_INDEX"
  | "FUNCTION_REGISTRY"
  | "LOG_INDEX"
  | "BLOBS"
  | "BACKGROUND"
  | "CDN_REGISTRY"
  | "DISTRIBUTION"
  | "CDN_TRAFFIC"
  | "VERGE_DOMAIN"
  | "VERGE_REGION"
  | "VERGE_ROOT_ACCESS_KEY_ID"
  | "VERGE_ROOT_SECRET_ACCESS_KEY"
  | "VERGE_MASTER_KEY"
>;

export interface VergeResult {
  readonly status: 200 | 201 | 202 | 204;
  /** Rendered as JSON; absent with 204. */
  readonly body?: object;
  /** What the call was applied to, where the path does not say it: `/accounts/<the new id>`. For the audit. */
  readonly target?: string;
}

export type VergeOperation = Operation<VergeCall, VergeResult>;

/** A parameter that the row's template has. */
export function parameter(call: Pick<VergeCall, "parameters">, name: string): string {
  const value = call.parameters[name];
  if (value === undefined) throw new Error(`The path has no parameter ${name}`);
  return value;
}
