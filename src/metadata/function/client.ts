import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { FoundFunction, FunctionRegistryApi, PolicyRecord } from "./protocol.ts";

const MAX_ATTEMPTS = 3;

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
  for (let attempt = 1; ; attempt++) {
    try {
      return await question(functionRegistryOf(env, accountId));
    } catch (error) {
      const flags = error as { retryable?: boolean; overloaded?: boolean };
      if (flags?.overloaded) throw new ServiceError("TooManyRequestsException", 429, "Rate exceeded");
      if (!flags?.retryable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
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
