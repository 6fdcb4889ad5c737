import type { MasterKey } from "../auth/secrets.ts";
import { issueSession } from "../auth/sessions.ts";
import type { FunctionCredentials } from "../lambda/runtime/protocol.ts";
import { TimedCache } from "../lib/timed-cache.ts";

const MINUTE = 60_000;
/** Longer than any execution may take beyond the time for which keys are handed out again. */
const LIFETIME_MS = 60 * MINUTE;
const HANDED_OUT = { fresh: 30 * MINUTE, usable: 40 * MINUTE };

/** Of the isolate: executions of one role share keys, so that a warm invocation encrypts nothing. */
const issued = new TimedCache<FunctionCredentials>({ limit: 2_000, lifetime: () => HANDED_OUT });

/** Keys of a role, good for at least twenty minutes. */
export function issueRoleKeys(master: MasterKey, accountId: string, roleArn: string): Promise<FunctionCredentials> {
  return issued.read(`${accountId} ${roleArn}`, async () => {
    const { expiresAt, ...keys } = await issueSession(master, {
      accountId,
      roleArn,
      expiresAt: Date.now() + LIFETIME_MS,
    });
    return { ...keys, expiration: new Date(expiresAt).toISOString() };
  });
}
