import type { RateLimitTier } from "../../metadata/cdn/protection.ts";

/** What protection needs of the deployment. */
export interface ProtectionPorts {
  /** Counts a request in this location; whether it is still within the limit. */
  withinLimit(requests: RateLimitTier, key: string): Promise<boolean>;
  /** A keyed hash that only this deployment can make. */
  tag(text: string): Promise<Uint8Array>;
}
