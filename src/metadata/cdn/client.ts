import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { NameSet } from "../../lib/name-set.ts";
import { askAgain } from "../ask-again.ts";
import type { DistributionApi, DistributionSnapshot } from "./protocol.ts";
import type { CdnRegistryApi } from "./registry-protocol.ts";

/** The one registry of the deployment. */
const REGISTRY_NAME = "cdn";

/** A distribution's object. The stub belongs to the request that made it: do not keep it. */
export function distributionOf(env: Pick<Env, "DISTRIBUTION">, id: string): DistributionApi {
  return env.DISTRIBUTION.getByName(id);
}

/** What is unique or listed: distributions, their aliases, and all that they refer to. */
export function cdnRegistryOf(env: Pick<Env, "CDN_REGISTRY">): CdnRegistryApi {
  return env.CDN_REGISTRY.getByName(REGISTRY_NAME);
}

/**
 * A distribution as it is now; undefined when there is none of that id. One call: whoever answers from it
 * keeps it for `SNAPSHOT_FRESH_MS`, and says so by `known` when asking again, which spares its transfer.
 */
export async function readDistribution(
  env: Pick<Env, "DISTRIBUTION">,
  id: string,
  known?: DistributionSnapshot,
): Promise<DistributionSnapshot | undefined> {
  const answer = await askAgain(() => distributionOf(env, id).read(known?.revision), overloaded);
  return answer === "unchanged" ? known : answer;
}

/**
 * The id of the distribution that answers for a host by one of its aliases, exact ones before wildcards.
 * One object answers this for the whole deployment: keep the answer for as long as the distribution's
 * snapshot lists an alias that covers the host, and an undefined one for seconds.
 */
export async function findDistributionByAlias(
  env: Pick<Env, "CDN_REGISTRY">,
  host: string,
): Promise<string | undefined> {
  return askAgain(() => cdnRegistryOf(env).findAlias(host.toLowerCase()), overloaded);
}

/** The ids of all distributions and their aliases. New ones are in it at once. */
export async function readDistributionNames(env: Pick<Env, "CDN_REGISTRY">): Promise<NameSet> {
  return askAgain(() => cdnRegistryOf(env).readNames(), overloaded);
}

function overloaded(): ServiceError {
  return new ServiceError("ServiceUnavailable", 503, "CloudFront is overloaded");
}
