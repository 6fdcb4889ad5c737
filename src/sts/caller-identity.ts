import type { QueryResult } from "../lib/query-protocol.ts";
import type { StsCall } from "./call.ts";

/** Who asks. Nothing can forbid it (API Reference, GetCallerIdentity). */
export async function getCallerIdentity({ caller: { account, principal } }: StsCall): Promise<QueryResult> {
  return {
    UserId: principal?.userId ?? account.id,
    Account: account.id,
    Arn: principal?.arn ?? `arn:aws:iam::${account.id}:root`,
  };
}
