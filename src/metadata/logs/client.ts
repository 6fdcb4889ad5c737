import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { LogIndexApi } from "./protocol.ts";
import { askAgain } from "../ask-again.ts";

/**
 * Asks the logs of an account, again if the connection was lost: appending twice stores once, and what else
 * changes has the same effect twice. Throws ServiceUnavailableException (503) when the object is overloaded.
 */
export async function askLogIndex<Answer>(
  env: Pick<Env, "LOG_INDEX">,
  accountId: string,
  question: (index: LogIndexApi) => Promise<Answer>,
): Promise<Answer> {
  return askAgain(
    () => question(env.LOG_INDEX.getByName(accountId)),
    () => new ServiceError("ServiceUnavailableException", 503, "The service cannot complete the request."),
  );
}
