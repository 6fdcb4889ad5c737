import type { Identity } from "../auth/identity.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";

export type Caller = Extract<Identity, { kind: "account" }>;

/** A request to STS. */
export interface StsCall {
  readonly input: FormInput;
  readonly caller: Caller;
}

export interface StsOperation {
  readonly name: string;
  readonly handle: (call: StsCall) => Promise<QueryResult>;
}
