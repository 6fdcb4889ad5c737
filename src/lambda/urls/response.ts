import { type Payload, textOf } from "../runtime/payload.ts";

/** Headers that describe the connection and the encoding on it: they are the platform's to set. */
const CONNECTION_HEADERS = new Set(["connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"]);
/** Statuses without a body (Fetch standard, "null body status"). */
const BODILESS = new Set([101, 204, 205, 304]);

/**
 * The HTTP response that a function's result means ("Response payload format" of function URLs): an object
 * with `statusCode` is taken by its members; anything else is a 200 with the result as JSON. Undefined when it
 * is neither.
 */
export function toUrlResponse(payload: Payload): Response | undefined {
  const text = textOf(payload);
  const result = parse(text);
  if (!result) return undefined;
  const { value } = result;
  if (isObject(value) && value["statusCode"] !== undefined) return fromMembers(value);
  const body = typeof value === "string" ? value : text;
  return withLength(body, 200, new Headers({ "content-type": "application/json" }));
}

function fromMembers(result: Record<string, unknown>): Response | undefined {
  const status = toStatus(result);
  if (status === undefined) return undefined;
  const headers = toHeaders(result);
  const body = toBody(result);
  if (!headers || body === undefined) return undefined;
  if (!headers.has("content-type")) headers.set("content-type", "application/json");
  if (body === null || hasNoBody(status)) return new Response(null, { status, headers });
  return withLength(body, status, headers);
}

/** Said for a distribution in front of the function; to others the platform says it by itself. */
function withLength(body: string | Uint8Array<ArrayBuffer>, status: number, headers: Headers): Response {
  headers.set("content-length", String(typeof body === "string" ? Buffer.byteLength(body) : body.byteLength));
  return new Response(body, { status, headers });
}

export function toStatus(result: Record<string, unknown>): number | undefined {
  const status = Number(result["statusCode"]);
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : undefined;
}

export function hasNoBody(status: number): boolean {
  return BODILESS.has(status);
}

/** The headers and cookies of a result or prelude; undefined when they are none that a response can have. */
export function toHeaders(result: Record<string, unknown>): Headers | undefined {
  const headers = new Headers();
  const { headers: given, cookies } = result;
  try {
    for (const [name, value] of Object.entries(isObject(given) ? given : {})) {
      if (!CONNECTION_HEADERS.has(name.toLowerCase())) headers.set(name, String(value));
    }
    for (const cookie of Array.isArray(cookies) ? cookies : []) headers.append("set-cookie", String(cookie));
    return headers;
  } catch {
    // A name or value that no header can have.
    return undefined;
  }
}

function toBody(result: Record<string, unknown>): string | Uint8Array<ArrayBuffer> | null | undefined {
  const { body, isBase64Encoded } = result;
  if (body === undefined || body === null) return null;
  if (typeof body !== "string") return JSON.stringify(body);
  return isBase64Encoded === true ? Buffer.from(body, "base64") : body;
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text === "" ? "null" : text) };
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
