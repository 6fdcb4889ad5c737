import { timingSafeEqual } from "node:crypto";
import { type MasterKey, masterKeyOf } from "../auth/secrets.ts";
import type { Env } from "../env.ts";
import { Query } from "../lib/query.ts";
import { FunctionCodeStore } from "../storage/function-code.ts";
import type { Incoming } from "./incoming.ts";

/** How long `Code.Location` of GetFunction works, as on AWS. */
const LIFETIME_SECONDS = 600;

/** A URL of this deployment at which a package can be fetched without a signature of AWS's kind. */
export async function presignFunctionCode(master: MasterKey, origin: string, codeId: string): Promise<string> {
  const expires = Math.floor(Date.now() / 1_000) + LIFETIME_SECONDS;
  return `${origin}/_fn/code/${codeId}?expires=${expires}&signature=${await signCode(master, codeId, expires)}`;
}

/** Answers such a URL with the zip. */
export async function serveFunctionCode(incoming: Incoming, env: Env, codeId: string): Promise<Response> {
  const query = new Query(incoming.rawQuery);
  const expires = Number(query.get("expires"));
  const signature = query.get("signature") ?? "";
  const expected = await signCode(await masterKeyOf(env.VERGE_MASTER_KEY ?? ""), codeId, expires);
  if (!isSame(signature, expected)) return refuse(403, "The signature does not match.");
  if (!(expires * 1_000 >= Date.now())) return refuse(403, "The link has expired.");
  if (incoming.method !== "GET" && incoming.method !== "HEAD") return refuse(405, "The code is read with GET.");
  const zip = await new FunctionCodeStore(env.BLOBS).openZip(codeId);
  if (!zip) return refuse(404, "The code was deleted.");
  const headers = { "content-type": "application/zip", "x-content-type-options": "nosniff" };
  if (incoming.method === "HEAD") {
    await zip.body.cancel();
    return new Response(null, { headers: { ...headers, "content-length": String(zip.size) } });
  }
  return new Response(zip.body.pipeThrough(new FixedLengthStream(zip.size)), { headers });
}

async function signCode(master: MasterKey, codeId: string, expires: number): Promise<string> {
  return Buffer.from(await master.tag(`function code ${codeId} until ${expires}`)).toString("hex");
}

function isSame(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  return left.byteLength === right.byteLength && timingSafeEqual(left, right);
}

function refuse(status: number, message: string): Response {
  return new Response(`${message}\n`, { status, headers: { "content-type": "text/plain" } });
}
