/**
 * The event object of CloudFront Functions ("CloudFront Functions event structure"): headers, cookies and query
 * parameters by name, each with its first value and, where there are several, all of them in `multiValue`.
 */
import type { ViewerRequest } from "../edge/viewer.ts";
import { type EdgeEvent, isDisallowed, makeHeaders, mergeHeaders } from "./edge-headers.ts";
import { EdgeFunctionError } from "./ports.ts";
import { decodeBody } from "./returned-body.ts";

interface EventValue {
  readonly value: string;
  /** Of a cookie that is set: `Path=/; Secure`. */
  readonly attributes?: string;
  readonly multiValue?: readonly { readonly value: string; readonly attributes?: string }[];
}

/** "Restrictions on all edge functions": of a URI with its query. */
export const MAX_URI = 8_192;

type EventValues = Readonly<Record<string, EventValue>>;

/** A name, and for cookies what follows the value. */
type Pair = readonly [name: string, value: string, attributes?: string];

export interface EventContext {
  readonly distributionDomainName: string;
  readonly distributionId: string;
  readonly eventType: EdgeEvent;
  readonly requestId: string;
}

/** What a function sees of a request and, at viewer-response, of its answer. */
export function describeEvent(
  context: EventContext,
  viewer: ViewerRequest,
  response?: { readonly status: number; readonly statusText: string; readonly headers: Headers },
): object {
  return {
    version: "1.0",
    context,
    viewer: { ip: viewer.clientAddress ?? "" },
    request: {
      method: viewer.method,
      uri: viewer.path,
      querystring: describeQuery(viewer.query),
      headers: describeHeaders(viewer.headers, "cookie"),
      cookies: collect(readCookies(viewer.headers.get("cookie"))),
    },
    ...(response && {
      response: {
        statusCode: response.status,
        statusDescription: response.statusText,
        headers: describeHeaders(response.headers, "set-cookie"),
        cookies: collect(response.headers.getSetCookie().map(readSetCookie)),
      },
    }),
  };
}

/** The request that a function at viewer-request has returned. Its method and its viewer stay as they were. */
export function readRequest(viewer: ViewerRequest, result: object): ViewerRequest {
  const { uri, headers, cookies, querystring } = result as Readonly<Record<string, unknown>>;
  if (typeof uri !== "string" || !uri.startsWith("/") || /[\s#?]/.test(uri)) {
    throw invalid("uri must be a path that begins with a slash");
  }
  const query = readQuery(viewer.query, querystring);
  if (uri.length + query.length >= MAX_URI)
    throw invalid(`uri and querystring must have less than ${MAX_URI} characters`);
  const returned = [...listHeaders(headers, describeHeaders(viewer.headers, "cookie"))];
  const sent = collect(readCookies(viewer.headers.get("cookie")));
  const cookie = [...listValues(cookies, "cookies", sent)].map(([name, value]) => `${name}=${value}`).join("; ");
  if (cookie !== "") returned.push(["cookie", cookie]);
  return {
    ...viewer,
    path: uri,
    query,
    headers: mergeHeaders("viewer-request", viewer.headers, returned),
  };
}

export interface MadeAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  /** Undefined where the function says nothing of it. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** Content-Encoding of that body: a text has none, whatever the one had that it replaces. */
  readonly coding: string | undefined;
}

/** Whether a result is an answer rather than a request. */
export function isAnswer(result: object): boolean {
  return "statusCode" in result;
}

/** The answer that a function has made, or at viewer-response the one that it has changed. */
export function readAnswer(result: object, before?: Headers): MadeAnswer {
  const { statusCode, statusDescription, headers, cookies, body } = result as Readonly<Record<string, unknown>>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw invalid("statusCode must be from 200 to 599");
  const returned = [...listHeaders(headers, before ? describeHeaders(before, "set-cookie") : {})];
  const sent = before ? collect(before.getSetCookie().map(readSetCookie)) : {};
  for (const [name, value, attributes] of listValues(cookies, "cookies", sent)) {
    returned.push([
      "set-cookie",
      `${name}=${value}${attributes === undefined || attributes === "" ? "" : `; ${attributes}`}`,
    ]);
  }
  return {
    status,
    statusText: typeof statusDescription === "string" ? statusDescription : "",
    headers: before ? mergeHeaders("viewer-response", before, returned) : makeHeaders(returned),
    body: readBody(body),
    coding: isEncoded(body) ? returned.find(([name]) => name === "content-encoding")?.[1] : undefined,
  };
}

/** Text, or `{encoding: "text" | "base64", data}`. */
function readBody(body: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || body === null) return undefined;
  const { encoding, data } = typeof body === "string" ? { encoding: "text", data: body } : (body as EventBody);
  if (typeof data !== "string" || (encoding !== "text" && encoding !== "base64")) {
    throw invalid("body must be a text, or have an encoding and data");
  }
  const bytes = decodeBody(data, encoding);
  if (!bytes) throw invalid("body is not valid base64");
  return bytes;
}

function isEncoded(body: unknown): boolean {
  return typeof body === "object" && body !== null && (body as EventBody).encoding === "base64";
}

interface EventBody {
  readonly encoding?: unknown;
  readonly data?: unknown;
}

function describeHeaders(headers: Headers, apart: "cookie" | "set-cookie"): EventValues {
  const pairs = [...headers].filter(([name]) => name !== apart && !isDisallowed(name) && !name.startsWith("cf-"));
  return collect(pairs);
}

function describeQuery(query: string): EventValues {
  const pairs = query
    .split("&")
    .filter((part) => part !== "")
    .map((part): Pair => {
      const equals = part.indexOf("=");
      return equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    });
  return collect(pairs);
}

/** A function that leaves the parameters alone leaves the query as it was sent, empty values and order included. */
function readQuery(before: string, returned: unknown): string {
  if (typeof returned === "string") return checkQuery(returned);
  if (JSON.stringify(returned) === JSON.stringify(describeQuery(before))) return before;
  const pairs = [...listValues(returned, "querystring", describeQuery(before))].map(([name, value]) =>
    value === "" ? name : `${name}=${value}`,
  );
  return checkQuery(pairs.join("&"));
}

function checkQuery(query: string): string {
  if (/[\s#]/.test(query)) throw invalid("querystring must be percent-encoded");
  return query;
}

function readCookies(header: string | null): Pair[] {
  return (header ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part): Pair => {
      const equals = part.indexOf("=");
      return equals < 0 ? [part, ""] : [part.slice(0, equals), part.slice(equals + 1)];
    });
}

function readSetCookie(line: string): Pair {
  const semicolon = line.indexOf(";");
  const pair = semicolon < 0 ? line : line.slice(0, semicolon);
  const equals = pair.indexOf("=");
  const attributes = semicolon < 0 ? "" : line.slice(semicolon + 1).trim();
  return equals < 0
    ? [pair.trim(), "", attributes]
    : [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim(), attributes];
}

/** By name; the value is the first one where a name comes several times ("Duplicate query strings, headers, and cookies"). */
function collect(pairs: readonly Pair[]): EventValues {
  const byName = Map.groupBy(pairs, ([name]) => name);
  // No prototype: parameters may be called `__proto__`.
  const collected = Object.create(null) as Record<string, EventValue>;
  for (const [name, own] of byName) {
    const values = own.map(([, value, attributes]) => ({ value, ...(attributes && { attributes }) }));
    collected[name] = { ...values[0]!, ...(values.length > 1 && { multiValue: values }) };
  }
  return collected;
}

function* listHeaders(headers: unknown, before: EventValues): Generator<[string, string]> {
  for (const [name, value] of listValues(headers, "headers", before)) yield [name, value];
}

function* listValues(values: unknown, member: string, before: EventValues): Generator<Pair> {
  if (values === undefined) return;
  if (typeof values !== "object" || values === null) throw invalid(`${member} must be an object`);
  for (const [name, given] of Object.entries(values)) {
    for (const { value, attributes } of applyChange((given ?? {}) as Partial<EventValue>, before[name])) {
      if (typeof value !== "string") throw invalid(`${member}.${name}.value must be a string`);
      yield typeof attributes === "string" ? [name, value, attributes] : [name, value];
    }
  }
}

/**
 * What a function has said with a value and several: a change of `multiValue` counts, and otherwise one of `value`,
 * which is the first of them.
 */
function applyChange(
  { multiValue, ...single }: Partial<EventValue>,
  before: EventValue | undefined,
): readonly Partial<EventValue>[] {
  if (!multiValue || multiValue.length === 0) return [single];
  const isUntouched = JSON.stringify(multiValue) === JSON.stringify(before?.multiValue);
  return isUntouched ? [single, ...multiValue.slice(1)] : multiValue;
}

function invalid(why: string): EdgeFunctionError {
  return new EdgeFunctionError(503, `The CloudFront function returned an invalid value: ${why}.`);
}
