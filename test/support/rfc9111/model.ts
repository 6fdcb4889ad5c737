/**
 * What RFC 9111 lets a shared cache do with one stored response and one later request for the same target, written
 * down as plainly as possible. It imports nothing of the product: the product's engine is compared with it.
 */

export type Fields = Readonly<Record<string, string>>;

/** A response that was asked for once, and a second request. Times are milliseconds since the epoch. */
export interface Scene {
  readonly method: string;
  readonly request: Fields;
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly status: number;
  readonly response: Fields;
  readonly laterMethod: string;
  readonly later: Fields;
  readonly laterAt: number;
  /** Whether the cache gives lifetimes of its own. */
  readonly heuristic: boolean;
  /** Whether the cache heeds the directives of requests. */
  readonly heedsRequests: boolean;
}

/** What the cache did. */
export type Conduct =
  | { readonly kind: "asked-origin" }
  | { readonly kind: "reused"; readonly age: number; readonly notModified: boolean; readonly onError: boolean };

const HEURISTICALLY_CACHEABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 300, 301, 302, 307, 308, 400, 403, 404, 405, 410, 414, 500, 501, 502, 503, 504,
]);

/** Why the conduct is forbidden; undefined when it is not. */
export function findOffence(scene: Scene, conduct: Conduct): string | undefined {
  if (conduct.kind === "asked-origin") return isPlainlyReusable(scene) ? "a fresh response was not reused" : undefined;
  return (
    findStoringOffence(scene) ??
    findSelectionOffence(scene) ??
    findAgeOffence(scene, conduct) ??
    findConditionOffence(scene, conduct)
  );
}

/** Section 3. */
function findStoringOffence(scene: Scene): string | undefined {
  const { method, request, status } = scene;
  const says = directivesOf(scene);
  if (method !== "GET") return "only GET is stored here";
  if (status < 200 || status === 206 || status === 304) return "the response is not a complete one";
  if (scene.heedsRequests && parse(request["cache-control"]).has("no-store")) return "the request forbids storing";
  if (says.has("no-store") && !(says.has("must-understand") && UNDERSTOOD.has(status))) return "no-store";
  if (says.get("private") === "") return "private";
  const shares = says.has("public") || says.has("must-revalidate") || says.has("s-maxage");
  if (request["authorization"] !== undefined && !shares) return "the request had Authorization";
  const explicit =
    says.has("max-age") || says.has("s-maxage") || (!isTargeted(scene) && scene.response["expires"] !== undefined);
  if (!explicit && !says.has("public") && !HEURISTICALLY_CACHEABLE.has(status)) return "nothing allows storing";
  return undefined;
}

/** Sections 4 and 4.1. */
function findSelectionOffence({ request, response, later, laterMethod }: Scene): string | undefined {
  if (laterMethod !== "GET" && laterMethod !== "HEAD") return "the method cannot be answered from the store";
  const names = list(response["vary"]).map((name) => name.toLowerCase());
  if (names.includes("*")) return "Vary: *";
  const differing = names.find(
    (name) =>
      list(request[name]).join() !== list(later[name]).join() ||
      (request[name] === undefined) !== (later[name] === undefined),
  );
  return differing && `the request differs in ${differing}`;
}

/** Sections 4.2 and 5. */
function findAgeOffence(scene: Scene, conduct: Conduct & { kind: "reused" }): string | undefined {
  const says = directivesOf(scene);
  const age = ageOf(scene);
  if (Math.abs(conduct.age - age) > 0.001) return `Age is ${age}, not ${conduct.age}`;
  if (says.get("no-cache") === "") return "no-cache";
  const allowsStale = says.has("stale-while-revalidate") || says.has("stale-if-error");
  const strict = says.has("must-revalidate") || says.has("proxy-revalidate") || (says.has("s-maxage") && !allowsStale);
  const staleFor = age - lifetimeOf(scene);
  const asked = scene.heedsRequests ? parse(scene.later["cache-control"]) : new Map<string, string>();
  if (conduct.onError) return staleFor >= 0 && strict ? "stale although it must be validated" : undefined;
  if (asked.has("no-cache") || asked.has("no-store")) return "the request wants validation";
  if (asked.has("max-age") && age > seconds(asked.get("max-age"))) return "older than the request allows";
  const minFresh = asked.has("min-fresh") ? seconds(asked.get("min-fresh")) : 0;
  if (staleFor + minFresh < 0) return undefined;
  if (strict) return "stale although it must be validated";
  const maxStale =
    asked.get("max-stale") === "" ? Infinity : asked.has("max-stale") ? seconds(asked.get("max-stale")) : -1;
  if (staleFor >= 0 && staleFor <= maxStale) return undefined;
  const window = says.has("stale-while-revalidate") ? seconds(says.get("stale-while-revalidate")) : 0;
  if (staleFor >= 0 && staleFor <= window) return undefined;
  return "stale";
}

/** Section 4.3.2, and RFC 9110 section 13. */
function findConditionOffence(
  { status, response, later }: Scene,
  { notModified }: Conduct & { kind: "reused" },
): string | undefined {
  const tags = later["if-none-match"];
  const since = date(later["if-modified-since"]);
  let holds = false;
  if (tags !== undefined) {
    const own = response["etag"]?.replace(/^W\//, "");
    holds = tags === "*" || list(tags).some((tag) => tag.replace(/^W\//, "") === own);
  } else if (since !== undefined) {
    const modified = date(response["last-modified"]) ?? date(response["date"]);
    holds = modified !== undefined && modified <= since;
  }
  if (notModified && !holds) return "304 although the client has something else";
  if (!notModified && holds && status === 200) return "the condition was ignored";
  return undefined;
}

/** Nothing speaks against it, and the origin itself gave it a lifetime. */
function isPlainlyReusable(scene: Scene): boolean {
  const says = directivesOf(scene);
  if (findStoringOffence(scene) !== undefined || findSelectionOffence(scene) !== undefined) return false;
  if (!(says.has("max-age") || says.has("s-maxage")) || scene.response["set-cookie"] !== undefined) return false;
  const asked = scene.heedsRequests ? parse(scene.later["cache-control"]).size : 0;
  return asked === 0 && !says.has("no-cache") && !says.has("private") && ageOf(scene) < lifetimeOf(scene);
}

/** Section 4.2.3. */
function ageOf({ response, requestedAt, receivedAt, laterAt }: Scene): number {
  const written = response["age"]?.split(",")[0]?.trim() ?? "";
  const value = /^\d+$/.test(written) ? Math.min(Number(written), 2 ** 31) : 0;
  const sent = date(response["date"]);
  const apparent = sent === undefined ? 0 : Math.max(0, (receivedAt - sent) / 1000);
  const corrected = value + (receivedAt - requestedAt) / 1000;
  return Math.max(apparent, corrected) + (laterAt - receivedAt) / 1000;
}

/** Sections 4.2.1 and 4.2.2: the most that a cache may take for it. */
function lifetimeOf(scene: Scene): number {
  const { response, receivedAt, status, heuristic } = scene;
  const says = directivesOf(scene);
  if (says.has("s-maxage")) return seconds(says.get("s-maxage"));
  if (says.has("max-age")) return seconds(says.get("max-age"));
  const base = date(response["date"]) ?? receivedAt;
  if (!isTargeted(scene) && response["expires"] !== undefined) {
    const until = date(response["expires"]);
    return until === undefined ? 0 : Math.max(0, (until - base) / 1000);
  }
  const modified = date(response["last-modified"]);
  const mayGuess = heuristic && (HEURISTICALLY_CACHEABLE.has(status) || says.has("public"));
  return mayGuess && modified !== undefined ? Math.max(0, Math.min(86_400, (base - modified) / 10_000)) : 0;
}

function isTargeted({ response }: Scene): boolean {
  return response["cdn-cache-control"] !== undefined;
}

function directivesOf({ response }: Scene): Map<string, string> {
  return parse(response["cdn-cache-control"] ?? response["cache-control"]);
}

/** Names in lower case, first ones first; without an argument the empty text. Arguments here have no commas. */
function parse(value: string | undefined): Map<string, string> {
  const found = new Map<string, string>();
  for (const element of list(value)) {
    const [name = "", argument = ""] = element.split("=");
    if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), argument.replaceAll('"', ""));
  }
  return found;
}

function list(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

function seconds(argument: string | undefined): number {
  return argument !== undefined && /^\d+$/.test(argument) ? Math.min(Number(argument), 2 ** 31) : 0;
}

function date(text: string | undefined): number | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} .* GMT$/.test(text)) return undefined;
  return Date.parse(text);
}
