import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { RegistryApi } from "./protocol.ts";

const MAX_ATTEMPTS = 3;

/** The Registry's stub. It belongs to the request that made it: do not keep it. */
export function registryOf(env: Pick<Env, "REGISTRY">): RegistryApi {
  return env.REGISTRY.getByName("registry");
}

/**
 * Asks the Registry, again if the connection was lost. Only for what may happen twice: reads, and changes
 * that name their state (all but the creation of accounts and keys).
 * Throws SlowDown (503) when the object is overloaded.
 */
export async function askRegistry<Answer>(
  env: Pick<Env, "REGISTRY">,
  question: (registry: RegistryApi) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await question(registryOf(env));
    } catch (error) {
      const flags = error as { retryable?: boolean; overloaded?: boolean };
      if (flags?.overloaded) throw new ServiceError("SlowDown", 503, "Please reduce your request rate.");
      if (!flags?.retryable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
