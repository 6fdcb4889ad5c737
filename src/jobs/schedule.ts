import type { Env } from "../env.ts";

/** What the cron trigger starts, every minute. */
export async function runSchedule(_controller: ScheduledController, _env: Env): Promise<void> {}
