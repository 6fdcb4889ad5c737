import { element, optionalElement, type XmlElement } from "../lib/xml.ts";
import type { S3Call } from "./call.ts";

interface Owner {
  readonly canonicalId: string;
  readonly displayName: string;
}

/**
 * The account that owns the addressed bucket, and with it every object in it (ACLs are off: "bucket owner
 * enforced").
 */
export async function findBucketOwner(call: S3Call): Promise<Owner> {
  const { accountId } = call.bucket.config;
  if (call.identity.kind === "account" && call.identity.account.id === accountId) return call.identity.account;
  return (await call.directory.findAccount(accountId)) ?? { canonicalId: accountId, displayName: "" };
}

/** `<Owner>` as S3 shows an account: canonical id and display name, which is left out where there is none. */
export function ownerElement({ canonicalId, displayName }: Owner): XmlElement {
  return element("Owner", element("ID", canonicalId), optionalElement("DisplayName", displayName || undefined));
}
