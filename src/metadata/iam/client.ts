import type { Env } from "../../env.ts";
import type { IamApi } from "./protocol.ts";

/** Who there is in an account. The stub belongs to the request that made it: do not keep it. */
export function iamOf(env: Pick<Env, "IAM_ACCOUNTS">, accountId: string): IamApi {
  return env.IAM_ACCOUNTS.getByName(accountId);
}
