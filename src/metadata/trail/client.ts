import type { Env } from "../../env.ts";
import { ServiceError } from "../../lib/errors.ts";
import { askAgain } from "../ask-again.ts";
import type { AuditTrailApi } from "./protocol.ts";

/**
 * Asks the audit trail of an account, again if the connection was lost: appending twice stores once.
 * Throws ServiceUnavailableException (503) when the object is overloaded.
 */
export async function askAuditTrail<Answer>(
  env: Pick<Env, "AUDIT_TRAILS">,
  accountId: string,
  question: (trail: AuditTrailApi) => Promise<Answer>,
): Promise<Answer> {
  return askAgain(
    () => question(env.AUDIT_TRAILS.getByName(accountId)),
    () => new ServiceError("ServiceUnavailableException", 503, "The service cannot complete the request."),
  );
}
