import type { Identity } from "../auth/identity.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import type { Principals } from "../auth/principals.ts";
import type { MasterKey } from "../auth/secrets.ts";
import type { FormInput, QueryResult } from "../lib/query-protocol.ts";
import type { Directory } from "../metadata/registry/directory.ts";

/** A request to STS. */
export interface StsCall {
  readonly input: FormInput;
  readonly caller: Extract<Identity, { kind: "account" }>;
  readonly facts: RequestFacts;
  readonly principals: Principals;
  readonly directory: Pick<Directory, "findAccount">;
  masterKey(): Promise<MasterKey>;
}

export interface StsOperation {
  readonly name: string;
  readonly handle: (call: StsCall) => Promise<QueryResult>;
}
