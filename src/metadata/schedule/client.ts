import type { Env } from "../../env.ts";
import type { SchedulesApi } from "./protocol.ts";

/** The schedules of an account. The stub belongs to the request that made it: do not keep it. */
export function schedulesOf(env: Pick<Env, "SCHEDULES">, accountId: string): SchedulesApi {
  return env.SCHEDULES.getByName(accountId);
}
