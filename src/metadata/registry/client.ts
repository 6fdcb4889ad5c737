import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { RegistryApi } from "./protocol.ts";
import { askAgain } from "../ask-again.ts";

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
  return askAgain(
    () => question(registryOf(env)),
    () => new ServiceError("SlowDown", 503, "Please reduce your request rate."),
  );
}
