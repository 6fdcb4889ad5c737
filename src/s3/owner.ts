import { aclsCount } from "../auth/policy/bucket-documents.ts";
import { element, optionalElement, renderElement, type XmlElement } from "../lib/xml.ts";
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
  if (!aclsCount(config)) return config.accountId;
  return identity.kind === "account" ? identity.account.id : ANONYMOUS_OWNER;
}

/** `<Owner>` of each of a listing's entries, rendered: the bucket's where ACLs are off. */
export async function renderOwners(call: S3Call, ids: Iterable<string>): Promise<(ownerId: string) => string> {
  const render = (owner: Owner) => renderElement(ownerElement(owner));
  if (!aclsCount(call.bucket.config)) {
    const rendered = render(await findBucketOwner(call));
    return () => rendered;
  }
  const known = new Map<string, string>();
  for (const id of new Set(ids)) known.set(id, render(await findOwner(call, id)));
  return (ownerId) => known.get(ownerId) ?? "";
}

/** `<Owner>` as S3 shows an account: canonical id and display name, which is left out where there is none. */
export function ownerElement({ canonicalId, displayName }: Owner): XmlElement {
  return element("Owner", element("ID", canonicalId), optionalElement("DisplayName", displayName || undefined));
}
