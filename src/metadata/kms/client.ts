import type { Env } from "../../env.ts";
import type { KmsKeysApi } from "./protocol.ts";

/** The keys of an account. The stub belongs to the request that made it: do not keep it. */
export function kmsKeysOf(env: Pick<Env, "KMS_KEYS">, accountId: string): KmsKeysApi {
  return env.KMS_KEYS.getByName(accountId);
}
