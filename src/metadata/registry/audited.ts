import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import { askRegistry, registryOf } from "./client.ts";
import type { AuditEvent } from "./protocol.ts";

/** Targets come from the caller, up to the length of a URL. */
const MAX_TARGET_LENGTH = 300;

/**
 * Runs a management call and leaves a record of it: who, what, from where, and the outcome. The record is made
 * before the call does anything, so that a crash between the two cannot hide a change. `targetOf` names what the
 * call was applied to where only its result tells.
 */
export async function runRecorded<Result>(
  env: Pick<Env, "REGISTRY">,
  event: AuditEvent,
  work: () => Promise<Result>,
  targetOf: (result: Result) => string | undefined = () => undefined,
): Promise<Result> {
  const target = event.target.slice(0, MAX_TARGET_LENGTH);
  const sequence = await registryOf(env).beginAudit({ ...event, target });
  let [outcome, appliedTo] = ["InternalError", target];
  try {
    const result = await work();
    [outcome, appliedTo] = ["Success", targetOf(result) ?? target];
    return result;
  } catch (error) {
    if (error instanceof ServiceError) outcome = error.code;
    throw error;
  } finally {
    await askRegistry(env, (registry) => registry.endAudit(sequence, outcome, appliedTo)).catch(reportLostOutcome);
  }
}

/** What was done is done, and its answer may hold a secret that is shown only once: the record stays `Started`. */
function reportLostOutcome(error: unknown): void {
  console.error("The outcome of a management call was not recorded:", error);
}
