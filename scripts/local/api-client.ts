import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { signRequest } from "../../src/auth/sigv4/presign.ts";
import { readSettings } from "./settings.ts";

/** A deployment, and the root key that its management API wants. */
export interface Target {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const TIMEOUT_MS = 30_000;

/** What went wrong, for the person at the terminal. */
export class ApiError extends Error {}

/**
 * The deployment that the environment names: VERGE_ENDPOINT, else the local one by HOST and PORT; its root
 * key from VERGE_ROOT_ACCESS_KEY_ID and VERGE_ROOT_SECRET_ACCESS_KEY, else from the local state folder.
 * @throws {ApiError} when there is no key.
 */
export function readTarget(environment: Environment): Target {
  const { host, port, stateDir } = readSettings(environment);
  const endpoint = (environment["VERGE_ENDPOINT"] || `http://${host}:${port}`).replace(/\/+$/, "");
  if (!URL.canParse(endpoint)) throw new ApiError(`VERGE_ENDPOINT is not a URL: ${endpoint}`);
  const region = environment["VERGE_REGION"] || "us-east-1";
  return { endpoint, region, ...readRootKey(environment, stateDir) };
}

/**
 * Calls an operation of `/_verge/api`, signed by the root key, and returns its JSON (undefined for 204).
 * @throws {ApiError} for refusals, and when nothing or something else answers.
 */
export async function callApi(target: Target, method: string, path: string, body?: object): Promise<unknown> {
  const url = `${target.endpoint}/_verge/api${path}`;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const contentType = text === undefined ? {} : { "content-type": "application/json" };
  const signature = signRequest({
    method,
    url,
    region: target.region,
    service: "verge",
    accessKeyId: target.accessKeyId,
    secretAccessKey: target.secretAccessKey,
    now: Date.now(),
    headers: contentType,
    ...(text === undefined ? {} : { payloadSha256: createHash("sha256").update(text).digest("hex") }),
  });
  const response = await send(url, {
    method,
    headers: { ...contentType, ...signature },
    ...(text === undefined ? {} : { body: text }),
  });
  return readAnswer(url, response);
}

async function send(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...request, redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new ApiError(
      `${new URL(url).origin} does not answer (${String(cause)}). Is Verge running there? \`npm start\` serves it.`,
    );
  }
}

async function readAnswer(url: string, response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text();
  const answer = parseObject(text);
  if (!answer) throw new ApiError(`${url} answered ${response.status}, but not as Verge does: ${text.slice(0, 200)}`);
  if (response.ok) return answer;
  throw new ApiError(`${String(answer["code"])}: ${String(answer["message"])}`);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function readRootKey(environment: Environment, stateDir: string): Pick<Target, "accessKeyId" | "secretAccessKey"> {
  const accessKeyId = environment["VERGE_ROOT_ACCESS_KEY_ID"];
  const secretAccessKey = environment["VERGE_ROOT_SECRET_ACCESS_KEY"];
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  if (accessKeyId || secretAccessKey) {
    throw new ApiError("Set both VERGE_ROOT_ACCESS_KEY_ID and VERGE_ROOT_SECRET_ACCESS_KEY, or neither.");
  }
  // Not made here: a key that the deployment does not know helps nobody.
  const path = join(stateDir, "credentials.json");
  const stored = existsSync(path) ? parseObject(readFileSync(path, "utf8")) : undefined;
  const [storedId, storedSecret] = [stored?.["accessKeyId"], stored?.["secretAccessKey"]];
  if (typeof storedId === "string" && typeof storedSecret === "string") {
    return { accessKeyId: storedId, secretAccessKey: storedSecret };
  }
  throw new ApiError(
    `There is no root key in ${path}. Start Verge once with \`npm start\`, or set VERGE_STATE_DIR, ` +
      "or set VERGE_ROOT_ACCESS_KEY_ID and VERGE_ROOT_SECRET_ACCESS_KEY.",
  );
}
