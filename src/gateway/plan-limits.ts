import type { Env } from "../env.ts";
import { ServiceError } from "../lib/errors.ts";
import type { Incoming } from "./incoming.ts";
import { meterEnv } from "./metering.ts";

interface PlanLimits {
  /** Calls of bindings in one request. */
  readonly subrequests: number;
  /** Largest request body in bytes. */
  readonly bodyBytes: number;
}

/** Cloudflare Workers, "Limits"; for the paid plan what wrangler.toml asks for. The body limit is the zone's: 100 MB on Free and Pro. */
const PLANS: Readonly<Record<string, PlanLimits>> = {
  free: { subrequests: 50, bodyBytes: 100_000_000 },
  paid: { subrequests: 11_000, bodyBytes: 100_000_000 },
};

/** The limits that `VERGE_LIMITS` names; undefined where none are to be enforced. */
export function planLimits(env: Env): PlanLimits | undefined {
  return env.VERGE_LIMITS === undefined ? undefined : PLANS[env.VERGE_LIMITS];
}

/**
 * Enforces on a laptop what the platform enforces in production, in its way: a call over the limit
 * throws, a body over the limit is answered 413.
 */
export function enforceLimits(env: Env, incoming: Incoming, limits: PlanLimits): Env {
  if (Number(incoming.headers.get("content-length")) > limits.bodyBytes) {
    throw new ServiceError(
      "EntityTooLarge",
      413,
      `The plan takes request bodies of up to ${limits.bodyBytes} bytes. Send larger objects by multipart upload.`,
    );
  }
  let made = 0;
  return meterEnv(env, () => {
    made++;
    if (made > limits.subrequests) throw new Error("Too many subrequests.");
  });
}
