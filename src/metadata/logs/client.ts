import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { LogIndexApi } from "./protocol.ts";

const MAX_ATTEMPTS = 3;

/**
 * Asks the logs of an account, again if the connection was lost: appending twice stores once, and what else
 * changes has the same effect twice. Throws ServiceUnavailableException (503) when the object is overloaded.
 */
export async function askLogIndex<Answer>(
  env: Pick<Env, "LOG_INDEX">,
  accountId: string,
  question: (index: LogIndexApi) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await question(env.LOG_INDEX.getByName(accountId));
    } catch (error) {
      const flags = error as { retryable?: boolean; overloaded?: boolean };
      if (flags?.overloaded) {
        throw new ServiceError("ServiceUnavailableException", 503, "The service cannot complete the request.");
      }
      if (!flags?.retryable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
