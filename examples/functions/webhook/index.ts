import { createHmac } from "node:crypto";

const ADDRESS = process.env["WEBHOOK_URL"] ?? "";
const SECRET = process.env["WEBHOOK_SECRET"] ?? "";
const TIMEOUT_MS = 5_000;

/**
 * Delivers an event to a URL. Whatever is no success is thrown: of an event that came asynchronously Lambda
 * then tries again, and after the last attempt hands it to the function's failure destination.
 */
export async function handler(event: unknown, { awsRequestId }: { awsRequestId: string }): Promise<{ status: number }> {
  const body = JSON.stringify(event);
  const response = await fetch(ADDRESS, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      // The same in each attempt: the receiver can tell a repetition.
      "x-webhook-id": awsRequestId,
      "x-webhook-signature": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
    },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${ADDRESS} answered ${response.status}`);
  return { status: response.status };
}
