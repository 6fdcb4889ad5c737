import { findEntity, findEntityById, listGroupsOf } from "./entities.ts";
import { readAttachedPolicies, readDefaultDocument, readInlinePolicies } from "./policies.ts";
import type { EntityKind, EntityRecord, Grants, NamedDocument } from "./protocol.ts";

/** What decides what a user, a group or a role may do: its own policies, and those of a user's groups. */
export function findGrants(sql: SqlStorage, kind: EntityKind, name: string): Grants | undefined {
  const entity = findEntity(sql, kind, name);
  return entity && collectGrants(sql, entity);
}

export function findGrantsById(sql: SqlStorage, id: string): Grants | undefined {
  const entity = findEntityById(sql, id);
  return entity && collectGrants(sql, entity);
}

/**
 * Of a function's role. Undefined: the account has never had one of that name. A deleted one grants nothing, so that
 * deleting a role never gives a function more than it had.
 */
export function findFunctionRole(sql: SqlStorage, name: string): Grants | undefined {
  const found = findGrants(sql, "role", name);
  if (found) return found;
  if (sql.exec("SELECT name FROM retired_roles WHERE name = ?", name).toArray().length === 0) return undefined;
  const entity: EntityRecord = { kind: "role", name, id: "AROARETIRED", path: "/", createdAt: 0, tags: [] };
  return { entity, documents: [], awsPolicies: [] };
}

function collectGrants(sql: SqlStorage, entity: EntityRecord): Grants {
  const groups = entity.kind === "user" ? listGroupsOf(sql, entity.name) : [];
  const documents: NamedDocument[] = [];
  const awsPolicies: string[] = [];
  for (const { id, kind, name } of [entity, ...groups]) {
    for (const inline of readInlinePolicies(sql, id)) {
      documents.push({ name: `${kind}_${name}_${inline.name}`, document: inline.document });
    }
    for (const arn of readAttachedPolicies(sql, id)) {
      const document = readDefaultDocument(sql, arn);
      if (document === undefined) awsPolicies.push(arn);
      else documents.push({ name: arn, document });
    }
  }
  const { boundary } = entity;
  const bounding = boundary === undefined ? undefined : readDefaultDocument(sql, boundary);
  return {
    entity,
    documents,
    awsPolicies,
    ...(boundary !== undefined && bounding !== undefined && { boundary: { name: boundary, document: bounding } }),
  };
}
