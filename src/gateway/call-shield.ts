import { createHash } from "node:crypto";
import type { ShieldCall } from "../cdn/origin/origin-request.ts";
import type { RuntimeRequest } from "./function-runtime.ts";

/** Objects for each distribution: one would be too slow for all of its misses. */
const SHIELDS = 16;

/**
 * Asks the origin shield: an object for a share of the keys, or an entrypoint behind Workers Cache, which only Cloudflare has
 * (docs/decisions/0039-origin-shield-is-a-location.md). There a revision of the distribution is part of the address, so that
 * what was stored before an invalidation is not found after it.
 */
export function callShield(
  { env, entrypoints }: Pick<RuntimeRequest, "env" | "entrypoints">,
  { distributionId, revision, key, method, headers }: ShieldCall,
): Promise<Response> {
  const hash = createHash("sha256").update(key).digest();
  const init = { method, headers, encodeResponseBody: "manual" } as const;
  if (env.VERGE_ORIGIN_SHIELD === "workers-cache") {
    const address = `http://shield/${distributionId}/${revision}/${hash.toString("hex")}`;
    return entrypoints.OriginShieldCache.fetch(address, init);
  }
  return env.ORIGIN_SHIELD.getByName(`${distributionId}/${hash[0]! % SHIELDS}`).fetch("http://shield/", init);
}
