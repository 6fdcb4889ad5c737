import type { Env } from "../env.ts";
import type { Incoming } from "./incoming.ts";

/** How long botocore waits for `100 Continue`, with what it takes to notice. */
const PATIENCE_MS = 1_050;

/**
 * Whether a request expects `100 Continue` and has an empty body. A server may leave the 100 out where there is no body
 * (RFC 9110 section 10.1.1), and workerd does. botocore then takes the first line of the answer for that of every later
 * upload on the connection, and each of those waits a minute for the rest of its answer; unless it has given the 100 up
 * before. Cloudflare's edge answers expectations itself.
 */
export function isAnsweredTooSoon(
  { method, headers }: Pick<Incoming, "method" | "headers">,
  env: Pick<Env, "VERGE_DIRECT_CLIENTS">,
): boolean {
  if (method !== "PUT" || !env.VERGE_DIRECT_CLIENTS) return false;
  return headers.get("content-length") === "0" && headers.has("expect");
}

/** Holds the answer to such a request back. @param startedAt when it came, in milliseconds since the epoch */
export async function outwaitExpectation(startedAt: number): Promise<void> {
  await scheduler.wait(Math.max(0, startedAt + PATIENCE_MS - Date.now()));
}
