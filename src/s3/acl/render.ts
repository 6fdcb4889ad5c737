import { element, optionalElement, withAttributes, type XmlElement } from "../../lib/xml.ts";
import type { Acl, Grant, Grantee } from "../../metadata/bucket/documents.ts";
import type { S3Call } from "../call.ts";
import { type Owner, ownerElement } from "../owner.ts";

const SCHEMA = "http://www.w3.org/2001/XMLSchema-instance";

/** `AccessControlPolicy`. Without an ACL the owner has everything. */
export async function renderAcl(call: S3Call, owner: Owner, acl: Acl | undefined): Promise<XmlElement> {
  const { grants } = acl ?? {
    grants: [{ grantee: { kind: "user", canonicalId: owner.canonicalId }, permission: "FULL_CONTROL" }] as const,
  };
  const rendered = await renderGrants(call, grants, owner);
  return element("AccessControlPolicy", ownerElement(owner), element("AccessControlList", rendered));
}

/** A `Grant` for each. `owner`: one whose name is known already. */
export function renderGrants(call: S3Call, grants: readonly Grant[], owner?: Owner): Promise<XmlElement[]> {
  return Promise.all(
    grants.map(async ({ grantee, permission }) =>
      element("Grant", await renderGrantee(call, owner, grantee), element("Permission", permission)),
    ),
  );
}

async function renderGrantee(call: S3Call, owner: Owner | undefined, grantee: Grantee): Promise<XmlElement> {
  if (grantee.kind === "group") return typed("Group", [element("URI", grantee.uri)]);
  const { canonicalId } = grantee;
  const account =
    canonicalId === owner?.canonicalId ? owner : await call.directory.findAccountByCanonicalId(canonicalId);
  return typed("CanonicalUser", [
    element("ID", canonicalId),
    optionalElement("DisplayName", account?.displayName || undefined),
  ]);
}

function typed(type: string, content: readonly (XmlElement | undefined)[]): XmlElement {
  return withAttributes(element("Grantee", content), { "xmlns:xsi": SCHEMA, "xsi:type": type });
}
