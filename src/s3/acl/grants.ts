import { GROUPS } from "../../auth/policy/acl.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { children, type XmlNode } from "../../lib/xml.ts";
import type { Acl, AclPermission, Grant, Grantee } from "../../metadata/bucket/documents.ts";
import type { S3Call } from "../call.ts";
import { invalidArgument, s3Error } from "../errors.ts";

const HEADERS: Readonly<Record<string, AclPermission>> = {
  "x-amz-grant-read": "READ",
  "x-amz-grant-write": "WRITE",
  "x-amz-grant-read-acp": "READ_ACP",
  "x-amz-grant-write-acp": "WRITE_ACP",
  "x-amz-grant-full-control": "FULL_CONTROL",
};
const HEADER_NAMES = Object.keys(HEADERS);
const PERMISSIONS = new Set<string>(Object.values(HEADERS));
/** "An ACL can have up to 100 grants." */
const MAX_GRANTS = 100;

/** Grants as headers of a write, by the ids of the grantees. */
export function formatGrantHeaders(grants: readonly Grant[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, permission] of Object.entries(HEADERS)) {
    const grantees = grants
      .filter((grant) => grant.permission === permission)
      .map(({ grantee }) => (grantee.kind === "user" ? `id="${grantee.canonicalId}"` : `uri="${grantee.uri}"`));
    if (grantees.length > 0) headers[name] = grantees.join(", ");
  }
  return headers;
}

/** Looks accounts up; results are cached in the isolate. */
type Accounts = Pick<S3Call, "directory">;

export function hasGrantHeaders(headers: HeaderFields): boolean {
  return HEADER_NAMES.some((name) => headers.has(name));
}

/** `x-amz-grant-read: id="…", emailAddress="…", uri="…"` and its four neighbours. */
export async function readGrantHeaders(headers: HeaderFields, accounts: Accounts): Promise<Acl> {
  const grants: Grant[] = [];
  for (const [name, permission] of Object.entries(HEADERS)) {
    for (const grantee of splitGrantees(name, headers.get(name))) {
      grants.push({ permission, grantee: await resolve(grantee.kind, grantee.value, accounts) });
    }
  }
  return limited(grants);
}

/** The grants of an `AccessControlPolicy`, whose owner must be the one there is. */
export async function readAclDocument(root: XmlNode, ownerCanonicalId: string, accounts: Accounts): Promise<Acl> {
  const [owner] = children(root, "Owner");
  const [list] = children(root, "AccessControlList");
  const ownerId = owner && textOf(owner, "ID");
  if (root.name !== "AccessControlPolicy" || ownerId === undefined || !list) throw s3Error("MalformedACLError");
  if (ownerId !== ownerCanonicalId) throw s3Error("AccessDenied");
  return limited(await readGrants(list, accounts));
}

/** The grants in a list of them, an element each. */
export async function readGrants(list: XmlNode, accounts: Accounts): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (const node of list.children) {
    const permission = textOf(node, "Permission");
    const [grantee] = children(node, "Grantee");
    if (node.name !== "Grant" || !grantee || !isPermission(permission)) throw s3Error("MalformedACLError");
    grants.push({ permission, grantee: await readGrantee(grantee, accounts) });
  }
  return grants;
}

async function readGrantee(node: XmlNode, accounts: Accounts): Promise<Grantee> {
  const [id, email, uri] = [textOf(node, "ID"), textOf(node, "EmailAddress"), textOf(node, "URI")];
  if (id !== undefined) return resolve("id", id, accounts);
  if (email !== undefined) return resolve("emailaddress", email, accounts);
  if (uri !== undefined) return resolve("uri", uri, accounts);
  throw s3Error("MalformedACLError");
}

async function resolve(kind: string, value: string, { directory }: Accounts): Promise<Grantee> {
  if (kind === "uri") {
    if (!GROUPS.has(value)) throw invalidArgument("Invalid group uri", "uri", value);
    return { kind: "group", uri: value };
  }
  if (kind === "id") {
    if (!(await directory.findAccountByCanonicalId(value))) throw invalidArgument("Invalid id", "id", value);
    return { kind: "user", canonicalId: value };
  }
  const account = await directory.findAccountByEmail(value);
  if (!account) throw s3Error("UnresolvableGrantByEmailAddress", { detail: { EmailAddress: value } });
  return { kind: "user", canonicalId: account.canonicalId };
}

function splitGrantees(header: string, value: string | null): { kind: string; value: string }[] {
  if (value === null || value.trim() === "") return [];
  return value.split(",").map((part) => {
    const [, kind = "", quoted, bare = ""] = /^\s*(\w+)\s*=\s*(?:"([^"]*)"|([^"]*?))\s*$/.exec(part) ?? [];
    const lower = kind.toLowerCase();
    if (lower !== "id" && lower !== "emailaddress" && lower !== "uri") {
      throw invalidArgument("Argument format not recognized", header, value);
    }
    return { kind: lower, value: quoted ?? bare };
  });
}

function limited(grants: Grant[]): Acl {
  // Groups first, as in the canned ACLs.
  if (grants.length <= MAX_GRANTS) return { grants: grants.toSorted((one, other) => rank(one) - rank(other)) };
  throw s3Error("InvalidRequest", { message: `An ACL cannot have more than ${MAX_GRANTS} grants.` });
}

function rank({ grantee }: Grant): number {
  return grantee.kind === "group" ? 0 : 1;
}

function isPermission(text: string | undefined): text is AclPermission {
  return text !== undefined && PERMISSIONS.has(text);
}

function textOf(node: XmlNode, name: string): string | undefined {
  const [found] = children(node, name);
  return found?.text.trim() || undefined;
}
