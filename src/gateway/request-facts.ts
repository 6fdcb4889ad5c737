import type { Identity } from "../auth/identity.ts";
import type { RequestFacts } from "../auth/policy/principal-keys.ts";
import type { Deployment } from "./deployment.ts";
import type { Incoming } from "./incoming.ts";

/** What of a request the conditions of policies may be about, in any service. */
export function factsOf(
  identity: Identity,
  { clientAddress, origin, headers }: Incoming,
  { region }: Pick<Deployment, "region">,
): RequestFacts {
  return { identity, clientAddress, origin, headers, region };
}
