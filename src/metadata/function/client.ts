import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { FoundFunction, FunctionRegistryApi, PolicyRecord } from "./protocol.ts";
import { askAgain } from "../ask-again.ts";

/** The registry of an account's functions. The stub belongs to the request that made it: do not keep it. */
export function functionRegistryOf(env: Pick<Env, "FUNCTION_REGISTRY">, accountId: string): FunctionRegistryApi {
  return env.FUNCTION_REGISTRY.getByName(accountId);
}

/**
 * Asks it, again if the connection was lost: for reads, which may happen twice.
 * Throws TooManyRequestsException (429) when the object is overloaded.
 */
export async function askFunctionRegistry<Answer>(
  env: Pick<Env, "FUNCTION_REGISTRY">,
  accountId: string,
  question: (registry: FunctionRegistryApi) => Promise<Answer>,
): Promise<Answer> {
  return askAgain(
    () => question(functionRegistryOf(env, accountId)),
    () => new ServiceError("TooManyRequestsException", 429, "Rate exceeded"),
  );
}

/** Functions as they are now: each question is a call. */
export function uncachedFunctions(env: Pick<Env, "FUNCTION_REGISTRY">) {
  return {
    findFunction: (accountId: string, name: string, qualifier: string): Promise<FoundFunction | undefined> =>
      askFunctionRegistry(env, accountId, (registry) => registry.findFunction(name, qualifier)),
    findPolicy: (accountId: string, name: string, qualifier: string): Promise<PolicyRecord | undefined> =>
      askFunctionRegistry(env, accountId, (registry) => registry.findPolicy(name, qualifier)),
  };
}
