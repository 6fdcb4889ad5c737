import { masterKeyOf } from "../auth/secrets.ts";
import type { ProtectionPorts } from "../cdn/protection/ports.ts";
import type { Env } from "../env.ts";
import type { RateLimitTier } from "../metadata/cdn/protection.ts";

export function createProtectionPorts(env: Env): ProtectionPorts {
  return {
    async withinLimit(requests, key) {
      const binding = bindingOf(env, requests);
      return binding === undefined || (await binding.limit({ key })).success;
    },
    tag: async (text) => (await masterKeyOf(env.VERGE_MASTER_KEY ?? "")).tag(text),
  };
}

/** The platform's limits are fixed in wrangler.toml: one binding for each that a distribution may choose. */
function bindingOf(env: Env, requests: RateLimitTier): RateLimit | undefined {
  switch (requests) {
    case 10:
      return env.CDN_LIMIT_10;
    case 100:
      return env.CDN_LIMIT_100;
    case 1000:
      return env.CDN_LIMIT_1000;
  }
}
