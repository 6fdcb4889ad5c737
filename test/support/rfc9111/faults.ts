import { ENGINE, type Engine } from "./play.ts";

/** A copy of a response without one of its fields. */
function without(headers: Headers, name: string): Headers {
  const copy = new Headers(headers);
  copy.delete(name);
  return copy;
}

/** A copy whose Cache-Control lacks a directive. */
function deafTo(headers: Headers, directive: string): Headers {
  const copy = new Headers(headers);
  for (const name of ["cache-control", "cdn-cache-control"]) {
    const value = headers.get(name);
    if (value === null) continue;
    const rest = value.split(",").filter((element) => !element.trim().toLowerCase().startsWith(directive));
    if (rest.length > 0) copy.set(name, rest.join(","));
    else copy.delete(name);
  }
  return copy;
}

/** Ways in which caches were wrong before, each as an engine that is wrong in this one. */
export const FAULTS: Readonly<Record<string, Engine>> = {
  "private is ignored": {
    ...ENGINE,
    isStorable: (storing) => ENGINE.isStorable({ ...storing, headers: deafTo(storing.headers, "private") }),
  },
  "no-store is ignored": {
    ...ENGINE,
    isStorable: (storing) => ENGINE.isStorable({ ...storing, headers: deafTo(storing.headers, "no-store") }),
  },
  "Authorization is ignored": {
    ...ENGINE,
    isStorable: (storing) =>
      ENGINE.isStorable({ ...storing, requestHeaders: without(storing.requestHeaders, "authorization") }),
  },
  "Vary is ignored": { ...ENGINE, selects: () => true },
  "Vary: * is stored": {
    ...ENGINE,
    isStorable: (storing) => ENGINE.isStorable({ ...storing, headers: without(storing.headers, "vary") }),
  },
  "no-cache is ignored": {
    ...ENGINE,
    computeFreshness: (status, headers, ...rest) =>
      ENGINE.computeFreshness(status, deafTo(headers, "no-cache"), ...rest),
  },
  "s-maxage is ignored": {
    ...ENGINE,
    computeFreshness: (status, headers, ...rest) =>
      ENGINE.computeFreshness(status, deafTo(headers, "s-maxage"), ...rest),
  },
  "must-revalidate is ignored": {
    ...ENGINE,
    computeFreshness: (status, headers, ...rest) =>
      ENGINE.computeFreshness(status, deafTo(headers, "must-revalidate"), ...rest),
  },
  "Age of the origin is ignored": {
    ...ENGINE,
    computeFreshness: (status, headers, ...rest) => ENGINE.computeFreshness(status, without(headers, "age"), ...rest),
  },
  "time stands still": {
    ...ENGINE,
    decideReuse: (stored, _now, ...rest) => ENGINE.decideReuse(stored, stored.receivedAt, ...rest),
  },
  "an invalid Expires is no Expires": {
    ...ENGINE,
    computeFreshness: (status, headers, ...rest) =>
      ENGINE.computeFreshness(
        status,
        headers.get("expires")?.endsWith("GMT") ? headers : without(headers, "expires"),
        ...rest,
      ),
  },
  "every status has a heuristic lifetime": {
    ...ENGINE,
    computeFreshness: (_status, ...rest) => ENGINE.computeFreshness(200, ...rest),
    isStorable: (storing) => ENGINE.isStorable({ ...storing, status: 200 }),
  },
  "stale by ten seconds is fresh": {
    ...ENGINE,
    decideReuse: (stored, now, ...rest) =>
      ENGINE.decideReuse(stored, now, ...rest).kind === "validate"
        ? ENGINE.decideReuse(stored, Math.max(stored.receivedAt, now - 10_000), ...rest)
        : ENGINE.decideReuse(stored, now, ...rest),
  },
  "any If-None-Match matches": {
    ...ENGINE,
    isNotModified: (request, response) => request.has("if-none-match") || ENGINE.isNotModified(request, response),
  },
  "If-Modified-Since goes before If-None-Match": {
    ...ENGINE,
    isNotModified: (request, response) =>
      ENGINE.isNotModified(request.has("if-modified-since") ? without(request, "if-none-match") : request, response),
  },
  "nothing is ever reused": { ...ENGINE, isStorable: () => false },
};
