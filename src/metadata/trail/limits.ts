import type { Env } from "../../env.ts";
import type { TrailLimits } from "./protocol.ts";

/** As long as CloudTrail's event history goes back. */
const DEFAULT_DAYS = 90;
/** Of each kind; with their records some 150 MB together. */
const DEFAULT_EVENTS = 40_000;

/** How much of the trails of this deployment is kept. */
export function trailLimits(env: Pick<Env, "VERGE_AUDIT_DAYS" | "VERGE_AUDIT_EVENTS">): TrailLimits {
  return {
    days: readPositive(env.VERGE_AUDIT_DAYS, DEFAULT_DAYS),
    events: Math.ceil(readPositive(env.VERGE_AUDIT_EVENTS, DEFAULT_EVENTS)),
  };
}

function readPositive(setting: string | undefined, fallback: number): number {
  const number = Number(setting);
  return number > 0 && Number.isFinite(number) ? number : fallback;
}
