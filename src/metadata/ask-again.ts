import type { ServiceError } from "../lib/errors.ts";

const MAX_ATTEMPTS = 3;

/**
 * Asks a Durable Object, again if the connection was lost: for what may happen twice. `question` gets a stub of
 * its own for each attempt, since one whose connection broke stays broken.
 * Throws what `overloaded` makes when the object is overloaded.
 */
export async function askAgain<Answer>(
  question: () => Promise<Answer>,
  overloaded: () => ServiceError,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await question();
    } catch (error) {
      const flags = error as { retryable?: boolean; overloaded?: boolean };
      if (flags?.overloaded) throw overloaded();
      if (!flags?.retryable || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
