import { distributionOf } from "../metadata/cdn/client.ts";
import type { VergeCall, VergeResult } from "./call.ts";
import { apiError } from "./errors.ts";

const HOUR_SECONDS = 3_600;
const MINUTE_SECONDS = 60;
const MAX_PERIOD_SECONDS = 14 * 86_400;

/**
 * GET /cdn/metrics?distribution=ID&from=TIME&to=TIME&period=SECONDS → 200 `{from, to, period, points}`: what each location
 * has answered by period, status and X-Cache. The last hour in minutes when nothing is said.
 */
export async function getCdnMetrics({ env, query }: VergeCall): Promise<VergeResult> {
  const id = query.get("distribution");
  if (id === undefined) throw apiError("ValidationError", "distribution: must be given");
  const to = readTime(query.get("to"), "to") ?? Math.floor(Date.now() / 1000) + 1;
  const from = readTime(query.get("from"), "from") ?? to - HOUR_SECONDS;
  const period = Number(query.get("period") ?? MINUTE_SECONDS);
  if (!Number.isInteger(period / MINUTE_SECONDS) || period < MINUTE_SECONDS || period > MAX_PERIOD_SECONDS) {
    throw apiError("ValidationError", "period: must be a multiple of 60 seconds");
  }
  if ((await distributionOf(env, id).read()) === undefined) {
    throw apiError("NoSuchEntity", `The distribution ${id} cannot be found.`);
  }
  const rows = await env.CDN_TRAFFIC.getByName(id).read({ from, to, period });
  const points = rows.map(({ minute, ...row }) => ({ time: toText(minute), ...row }));
  return { status: 200, body: { from: toText(from), to: toText(to), period, points } };
}

function readTime(text: string | undefined, member: string): number | undefined {
  if (text === undefined) return undefined;
  const time = /^\d+$/.test(text) ? Number(text) : Math.floor(Date.parse(text) / 1000);
  if (!Number.isNaN(time)) return time;
  throw apiError("ValidationError", `${member}: must be a time of ISO 8601, or seconds since 1970`);
}

function toText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
