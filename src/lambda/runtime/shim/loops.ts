import { DeadlineError } from "./errors.ts";
import { currentInvocation } from "./invocation.ts";

/**
 * Loops look at the clock every thousand rounds (pack/loop-guard.ts counts up to zero): too seldom to be
 * felt, often enough that one with slow rounds does not go on for long.
 */
export const FIRST_LOOP_COUNT = -1000;

/** Returns the count from which the loop goes on. */
export function checkLoop(): number {
  const invocation = currentInvocation();
  if (invocation === undefined || Date.now() <= invocation.deadlineMs) return FIRST_LOOP_COUNT;
  const error = new DeadlineError("A loop ran beyond the function's time-out.");
  // A `catch` in the loop only meets the next one, since the count stays where it is.
  invocation.end(error);
  throw error;
}
