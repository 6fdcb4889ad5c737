import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { AcceptedEvent, EventTarget, FunctionEventsApi } from "./events-protocol.ts";
import { askAgain } from "../ask-again.ts";

/**
 * Takes asynchronous invocations of a function: durable when it answers, all of them or none. It may be
 * called again with the same ids when it has thrown: those that wait already are not accepted twice.
 * The caller has made sure that the function exists and may be invoked.
 * Throws TooManyRequestsException (429) when the object is overloaded.
 */
export async function acceptEvents(
  env: Pick<Env, "FUNCTION_EVENTS">,
  target: EventTarget,
  events: readonly AcceptedEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await askFunctionEvents(env, target, (object) => object.accept(target, events));
}

/** Calls the object, again if the connection was lost: for what may happen twice. */
export async function askFunctionEvents<Answer>(
  env: Pick<Env, "FUNCTION_EVENTS">,
  { accountId, functionName }: EventTarget,
  question: (events: FunctionEventsApi) => Promise<Answer>,
): Promise<Answer> {
  return askAgain(
    () => question(env.FUNCTION_EVENTS.getByName(`${accountId}:${functionName}`)),
    () => new ServiceError("TooManyRequestsException", 429, "Rate exceeded"),
  );
}
