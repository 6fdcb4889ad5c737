import { createVerify, createPublicKey } from "node:crypto";
import { matchesWildcards } from "../../lib/wildcards.ts";
import { resolveDotSegments } from "./path-patterns.ts";
import type { ViewerRequest } from "./viewer.ts";

/**
 * Signed URLs and signed cookies ("Serving private content with signed URLs and signed cookies"): a policy says
 * what may be fetched until when and from where, and a key of a trusted key group signs it.
 */

/** The parts of a signature, from the query or from cookies. */
interface Presented {
  /** Seconds since the epoch, of a canned policy. */
  readonly expires: string | undefined;
  /** Base64, of a custom policy. */
  readonly policy: string | undefined;
  readonly signature: string;
  readonly keyPairId: string;
  readonly hashAlgorithm: string | undefined;
}

interface Statement {
  readonly Resource?: string;
  readonly Condition?: {
    readonly DateLessThan?: { readonly "AWS:EpochTime"?: number };
    readonly DateGreaterThan?: { readonly "AWS:EpochTime"?: number };
    readonly IpAddress?: { readonly "AWS:SourceIp"?: string };
  };
}

const PARAMETERS = ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"];
const PARAMETER = new RegExp(`^(?:${PARAMETERS.join("|")})=`);
const COOKIE_PREFIX = "CloudFront-";

const COOKIE = new RegExp(`^${COOKIE_PREFIX}(?:${PARAMETERS.join("|")})=`);

/** Why a request is refused, as CloudFront says it. */
export interface SignatureRefusal {
  readonly code: "MissingKey" | "InvalidKey" | "AccessDenied";
  readonly message: string;
}

const MISSING_KEY = { code: "MissingKey", message: "Missing Key-Pair-Id query parameter or cookie value" } as const;
const UNKNOWN_KEY = { code: "InvalidKey", message: "Unknown Key" } as const;
const DENIED = { code: "AccessDenied", message: "Access denied" } as const;

/** Undefined when a request is signed as it must be. `now` in milliseconds. */
export async function checkSignature(
  keys: ReadonlyMap<string, string>,
  viewer: ViewerRequest,
  now: number,
): Promise<SignatureRefusal | undefined> {
  const presented = readQuery(viewer.query) ?? readCookies(viewer.headers.get("cookie"));
  if (!presented) return MISSING_KEY;
  const pem = keys.get(presented.keyPairId);
  if (pem === undefined) return UNKNOWN_KEY;
  const resource = resourceOf(viewer, viewer.path);
  // A canned policy is not sent: both sides know what it says.
  const policy =
    presented.policy === undefined ? cannedPolicy(resource, presented.expires) : decodeBase64(presented.policy);
  if (policy === undefined || !isSignedBy(pem, policy, presented)) return DENIED;
  const statement = readStatement(policy);
  // A pattern covers neither what it does not match as sent, nor what it does not match as the origin gets it.
  const resources = presented.policy === undefined ? [resource] : [resource, settledResourceOf(viewer)];
  return statement && isFulfilled(statement, resources, viewer.clientAddress, now) ? undefined : DENIED;
}

/** Neither the key nor the origin knows of the signature: each viewer has another, and it opens what it is for to anybody. */
export function stripSignature(viewer: ViewerRequest): ViewerRequest {
  const { query, headers } = viewer;
  const cookie = headers.get("cookie");
  const inQuery = query.includes("Signature=");
  const inCookies = cookie?.includes(COOKIE_PREFIX) ?? false;
  if (!inQuery && !inCookies) return viewer;
  return {
    ...viewer,
    ...(inQuery && { query: withoutSignature(query) }),
    ...(inCookies && { headers: withCookies(headers, withoutSignatureCookies(cookie ?? "")) }),
  };
}

function withCookies(headers: Headers, cookie: string): Headers {
  const changed = new Headers(headers);
  if (cookie === "") changed.delete("cookie");
  else changed.set("cookie", cookie);
  return changed;
}

function withoutSignatureCookies(cookie: string): string {
  const pairs = cookie.split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => !COOKIE.test(pair)).join("; ");
}

function withoutSignature(query: string): string {
  return query
    .split("&")
    .filter((pair) => !PARAMETER.test(pair))
    .join("&");
}

function readQuery(query: string): Presented | undefined {
  const values = new Map<string, string>();
  for (const pair of query.split("&")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && PARAMETER.test(pair)) values.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return toPresented((name) => values.get(name));
}

function readCookies(cookie: string | null): Presented | undefined {
  const values = new Map<string, string>();
  for (const pair of (cookie ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0) values.set(pair.slice(0, equals).trim(), pair.slice(equals + 1).trim());
  }
  return toPresented((name) => values.get(COOKIE_PREFIX + name));
}

function toPresented(read: (name: string) => string | undefined): Presented | undefined {
  const [signature, keyPairId] = [read("Signature"), read("Key-Pair-Id")];
  if (signature === undefined || keyPairId === undefined) return undefined;
  return {
    signature,
    keyPairId,
    expires: read("Expires"),
    policy: read("Policy"),
    hashAlgorithm: read("Hash-Algorithm"),
  };
}

/** The URL as the signer knew it: as sent, without the parameters of the signature. */
function resourceOf(viewer: ViewerRequest, path: string): string {
  const query = withoutSignature(viewer.query);
  return `${viewer.root}${path}${query === "" ? "" : `?${query}`}`;
}

function settledResourceOf(viewer: ViewerRequest): string {
  return resourceOf(viewer, resolveDotSegments(viewer.path));
}

function cannedPolicy(resource: string, expires: string | undefined): string | undefined {
  if (expires === undefined || !/^\d{1,12}$/.test(expires)) return undefined;
  return `{"Statement":[{"Resource":"${resource}","Condition":{"DateLessThan":{"AWS:EpochTime":${Number(expires)}}}}]}`;
}

/** CloudFront's own alphabet: `-_~` for what URLs do not take. */
function decodeBase64(text: string): string {
  return decodeBytes(text).toString("utf8");
}

function decodeBytes(text: string): Buffer {
  return Buffer.from(text.replaceAll("-", "+").replaceAll("_", "=").replaceAll("~", "/"), "base64");
}

/** RSA and ECDSA keys sign the SHA-1 of a policy, or what Hash-Algorithm names. */
function isSignedBy(pem: string, policy: string, { signature, hashAlgorithm }: Presented): boolean {
  const hash = hashAlgorithm === undefined ? "sha1" : hashAlgorithm.toLowerCase().replace("-", "");
  if (hash !== "sha1" && hash !== "sha256") return false;
  try {
    return createVerify(`RSA-${hash.toUpperCase()}`)
      .update(policy)
      .verify(createPublicKey(pem), decodeBytes(signature));
  } catch {
    return false;
  }
}

function readStatement(policy: string): Statement | undefined {
  try {
    const { Statement: statements } = JSON.parse(policy) as { Statement?: Statement[] };
    return statements?.length === 1 ? statements[0] : undefined;
  } catch {
    return undefined;
  }
}

function isFulfilled(
  statement: Statement,
  resources: readonly string[],
  address: string | undefined,
  now: number,
): boolean {
  const { Resource, Condition } = statement;
  const before = Condition?.DateLessThan?.["AWS:EpochTime"];
  const after = Condition?.DateGreaterThan?.["AWS:EpochTime"];
  const source = Condition?.IpAddress?.["AWS:SourceIp"];
  if (typeof before !== "number" || now >= before * 1000) return false;
  if (after !== undefined && !(typeof after === "number" && now > after * 1000)) return false;
  if (source !== undefined && !isInNetwork(address, source)) return false;
  return Resource === undefined || resources.every((resource) => matchesResource(Resource, resource));
}

/** `*` is any characters, `?` is one; a resource without a scheme means either. */
function matchesResource(pattern: string, resource: string): boolean {
  const withScheme = /^(?:https?|\*):\/\/|^\*/.test(pattern) ? pattern : `http*://${pattern.replace(/^\/\//, "")}`;
  return matchesWildcards(withScheme, resource);
}

/** IPv4 only, as CloudFront: `192.0.2.0/24`, or one address. */
function isInNetwork(address: string | undefined, network: string): boolean {
  const [base = "", bits = "32"] = network.split("/");
  if (bits === "0" && base === "0.0.0.0") return true;
  const [client, wanted, length] = [toNumber(address ?? ""), toNumber(base), Number(bits)];
  if (client === undefined || wanted === undefined || !(length >= 1 && length <= 32)) return false;
  const mask = (0xffffffff << (32 - length)) >>> 0;
  return (client & mask) >>> 0 === (wanted & mask) >>> 0;
}

function toNumber(address: string): number | undefined {
  const parts = address.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
