import { element, optionalElement, type XmlElement } from "../lib/xml.ts";
import type { S3Call } from "./call.ts";

export interface Owner {
  readonly canonicalId: string;
  readonly displayName: string;
}

/** Whose objects are that nobody signed for, by S3's id for everybody without an account. */
export const ANONYMOUS_OWNER = "anonymous";
const ANONYMOUS: Owner = {
  canonicalId: "65a011a29cdf8ec533ec3d1ccaae921c",
  displayName: "",
};

/** The account that owns the addressed bucket. */
export function findBucketOwner(call: S3Call): Promise<Owner> {
  return findOwner(call, call.bucket.config.accountId);
}

/** An account as S3 shows it to the caller. */
export async function findOwner(call: S3Call, accountId: string): Promise<Owner> {
  if (accountId === ANONYMOUS_OWNER) return ANONYMOUS;
  if (call.identity.kind === "account" && call.identity.account.id === accountId) return call.identity.account;
  return (await call.directory.findAccount(accountId)) ?? { canonicalId: accountId, displayName: "" };
}

/** Who owns what the caller writes: himself where ACLs count, the owner of the bucket where they do not. */
export function ownerOfWrites({ identity, bucket: { config } }: S3Call): string {
  const { objectOwnership = "BucketOwnerEnforced" } = config.documents ?? {};
  if (objectOwnership === "BucketOwnerEnforced") return config.accountId;
  return identity.kind === "account" ? identity.account.id : ANONYMOUS_OWNER;
}

/** `<Owner>` as S3 shows an account: canonical id and display name, which is left out where there is none. */
export function ownerElement({ canonicalId, displayName }: Owner): XmlElement {
  return element("Owner", element("ID", canonicalId), optionalElement("DisplayName", displayName || undefined));
}
