import { type IpRange, includesRange, parseIpRange } from "../../auth/policy/ip-ranges.ts";
import { matchesWildcards } from "../../lib/wildcards.ts";
import type { HotlinkRule, ProtectionRule, RateLimitRule } from "../../metadata/cdn/protection.ts";
import { normalisePath, PathPatterns } from "../edge/path-patterns.ts";
import type { ViewerRequest } from "../edge/viewer.ts";

/** A condition of a rule, made once for each revision of a distribution. */
type Condition = (viewer: ViewerRequest) => boolean;

export interface CompiledRule {
  readonly action: ProtectionRule["action"];
  readonly matches: Condition;
}

export function compileRule({ action, ...rule }: ProtectionRule): CompiledRule {
  const conditions = [
    rule.methods && compileMethods(rule.methods),
    rule.paths && compilePaths(rule.paths),
    rule.countries && compileCountries(rule.countries),
    rule.addresses && compileAddresses(rule.addresses),
    ...(rule.headers ?? []).map(compileHeader),
  ].filter((condition) => condition !== undefined);
  return { action, matches: (viewer) => conditions.every((condition) => condition(viewer)) };
}

export function compilePaths(paths: readonly string[]): Condition {
  const patterns = new PathPatterns(paths);
  return ({ path }) => patterns.find(normalisePath(path)) >= 0;
}

function compileMethods(methods: readonly string[]): Condition {
  const listed = new Set(methods.map((method) => method.toUpperCase()));
  return ({ method }) => listed.has(method);
}

function compileCountries(countries: readonly string[]): Condition {
  const listed = new Set(countries.map((country) => country.toUpperCase()));
  return ({ place }) => place?.country !== undefined && listed.has(place.country);
}

function compileAddresses(addresses: readonly string[]): Condition {
  const ranges = addresses.map(parseIpRange).filter((range): range is IpRange => range !== undefined);
  return ({ clientAddress }) => {
    const address = clientAddress === undefined ? undefined : parseIpRange(clientAddress);
    return address !== undefined && ranges.some((range) => includesRange(range, address));
  };
}

function compileHeader({ name, matches }: { readonly name: string; readonly matches?: string | undefined }): Condition {
  const pattern = matches?.toLowerCase();
  return ({ headers }) => {
    const value = headers.get(name);
    if (value === null) return false;
    return pattern === undefined || matchesWildcards(pattern, value.toLowerCase(), "");
  };
}

/** Whether a request comes from a page that may not embed what it asks for. */
export function compileHotlink({ paths, hosts, allowEmpty = true }: HotlinkRule): Condition {
  const protects = compilePaths(paths);
  return (viewer) => protects(viewer) && !mayEmbed(viewer, hosts, allowEmpty);
}

function mayEmbed({ headers, host }: ViewerRequest, hosts: readonly string[], allowEmpty: boolean): boolean {
  const referer = headers.get("referer");
  if (referer === null || referer === "") return allowEmpty;
  if (!URL.canParse(referer)) return false;
  const { hostname } = new URL(referer);
  if (hostname === host) return true;
  return hosts.some((allowed) =>
    allowed.startsWith("*.") ? hostname.endsWith(allowed.slice(1)) : hostname === allowed,
  );
}

export interface CompiledLimit {
  readonly requests: RateLimitRule["requests"];
  /** Under which a request is counted; undefined where the limit does not concern it. */
  keyOf(viewer: ViewerRequest): string | undefined;
}

export function compileLimit({ requests, by, paths }: RateLimitRule, name: string): CompiledLimit {
  const concerns = paths && compilePaths(paths);
  return {
    requests,
    keyOf(viewer) {
      if (concerns && !concerns(viewer)) return undefined;
      return [name, ...by.map((what) => readKey(what, viewer))].join("\n");
    },
  };
}

function readKey(what: string, viewer: ViewerRequest): string {
  if (what === "address") return viewer.clientAddress ?? "";
  if (what === "path") return normalisePath(viewer.path);
  return viewer.headers.get(what.slice("header:".length)) ?? "";
}
