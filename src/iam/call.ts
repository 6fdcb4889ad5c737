import type { Identity } from "../auth/identity.ts";
import type { Env } from "../env.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";
import type { EntityKind, IamApi } from "../metadata/iam/protocol.ts";

/** A request to IAM. It is about the caller's account. */
export interface IamCall {
  readonly input: FormInput;
  readonly caller: Extract<Identity, { kind: "account" }>;
  readonly accountId: string;
  readonly iam: IamApi;
  readonly env: Pick<
    Env,
    "IAM_ACCOUNTS" | "REGISTRY" | "VERGE_ROOT_ACCESS_KEY_ID" | "VERGE_ROOT_SECRET_ACCESS_KEY" | "VERGE_MASTER_KEY"
  >;
}

/**
 * What a request is about, for policies that name resources: the entity or policy that it names, one that it makes,
 * or nothing in particular. `caller-or-user`: the calling user where it names none.
 */
export type Subject = EntityKind | `new-${EntityKind}` | "caller-or-user" | "policy" | "new-policy" | "any";

export interface IamOperation {
  readonly name: string;
  /** IAM action. */
  readonly access: string;
  readonly about: Subject;
  /** Undefined: the model of the operation has no result. */
  readonly handle: (call: IamCall) => Promise<QueryResult | undefined>;
}
