import { splitList } from "./directives.ts";

/** A header that selected a response, with its normalised value; null where it was absent. */
export type SelectingHeader = readonly [name: string, value: string | null];

/** Looks a header up as it went, or would go, to the origin. */
export type HeaderReader = (name: string) => string | null;

/** The secondary key of a response (RFC 9111 section 4.1). */
export function selectingHeaders(vary: string | null, read: HeaderReader): SelectingHeader[] {
  const names = new Set(splitList(vary).map((name) => name.toLowerCase()));
  return [...names].sort().map((name) => [name, normaliseSelecting(name, read(name))]);
}

/** Whether a request selects a response that was stored with these. */
export function selects(
  selecting: readonly SelectingHeader[],
  contentLanguage: string | null,
  read: HeaderReader,
): boolean {
  for (const [name, value] of selecting) {
    const asked = read(name);
    if (normaliseSelecting(name, asked) === value) continue;
    // A stored language that the client likes best is what the origin would choose (RFC 9110 section 12.5.4).
    if (name !== "accept-language" || !asked || preferredLanguage(asked) !== contentLanguage?.toLowerCase())
      return false;
  }
  return true;
}

/** Differences that mean nothing must not make another variant. */
function normaliseSelecting(name: string, value: string | null): string | null {
  if (value === null) return null;
  if (name === "accept-encoding") return normaliseAcceptEncoding(value, ["zstd", "br", "gzip"]).join();
  const elements = splitList(value).map((element) => element.replaceAll(/\s+/g, " "));
  if (name !== "accept-language") return elements.join();
  return elements
    .map((element) => element.replaceAll(" ", "").toLowerCase())
    .sort()
    .join();
}

/** Of these codings the ones that a client takes, in the order given here. */
export function normaliseAcceptEncoding(value: string | null, codings: readonly string[]): string[] {
  if (!value) return [];
  const refused = new Set<string>();
  const taken = new Set<string>();
  for (const element of splitList(value.toLowerCase())) {
    const [coding = "", ...parameters] = element.split(";").map((part) => part.trim());
    const isRefused = parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
    (isRefused ? refused : taken).add(coding);
  }
  return codings.filter((coding) => !refused.has(coding) && (taken.has(coding) || taken.has("*")));
}

function preferredLanguage(value: string): string | undefined {
  const ranges = splitList(value.toLowerCase()).map((element) => {
    const [language = "", ...parameters] = element.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
    return { language, weight: weight === undefined ? 1 : Number(weight) || 0 };
  });
  return ranges.sort((a, b) => b.weight - a.weight)[0]?.language;
}
