import type { HeaderFields } from "../../lib/header-fields.ts";
import type { Identity } from "../identity.ts";
import type { ConditionContext } from "./policy.ts";

/** What of a request the conditions of any service may be about. */
export interface RequestFacts {
  readonly identity: Identity;
  /** Where the platform tells it. */
  readonly clientAddress: string | undefined;
  /** `https://verge.example.com` */
  readonly origin: string;
  readonly region: string;
  readonly headers: HeaderFields;
}

/** The condition keys that every service has, and `own` ones, whose names are in lower case. */
export function globalContext(
  facts: RequestFacts,
  own: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): ConditionContext {
  return (key) => {
    const value = own[key] ?? readGlobalKey(key, facts);
    return typeof value === "string" ? [value] : value;
  };
}

/** A condition key that every service has. */
export function readGlobalKey(key: string, facts: RequestFacts): string | undefined {
  switch (key) {
    case "aws:sourceip":
      return facts.clientAddress;
    case "aws:securetransport":
      return String(facts.origin.startsWith("https:"));
    case "aws:currenttime":
      return new Date().toISOString();
    case "aws:epochtime":
      return String(Math.floor(Date.now() / 1000));
    case "aws:requestedregion":
      return facts.region;
    case "aws:viaawsservice":
      return "false";
    case "aws:useragent":
      return facts.headers.get("user-agent") ?? undefined;
    case "aws:referer":
      return facts.headers.get("referer") ?? undefined;
    default:
      return readPrincipalKey(key, facts.identity);
  }
}

/** Condition keys about who asks (IAM User Guide, "Properties of the principal"). */
function readPrincipalKey(key: string, identity: Identity): string | undefined {
  if (identity.kind === "anonymous") {
    if (key === "aws:principaltype") return "Anonymous";
    return key === "aws:userid" ? "anonymous" : undefined;
  }
  const { account, principal } = identity;
  if (key.startsWith(PRINCIPAL_TAG)) {
    // Names of condition keys have no case.
    return principal?.tags?.find((tag) => tag.key.toLowerCase() === key.slice(PRINCIPAL_TAG.length))?.value;
  }
  switch (key) {
    case "aws:principalaccount":
      return account.id;
    case "aws:principalarn":
      return principal?.roleArn ?? principal?.arn ?? `arn:aws:iam::${account.id}:root`;
    case "aws:principaltype":
      if (!principal) return "Account";
      return principal.roleArn === undefined ? "User" : "AssumedRole";
    case "aws:userid":
      return principal?.userId ?? account.id;
    case "aws:username":
      return principal?.userName;
    default:
      return undefined;
  }
}

const PRINCIPAL_TAG = "aws:principaltag/";
