import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import * as entities from "./entities.ts";
import { findFunctionRole, findGrants, findGrantsById } from "./grants.ts";
import * as policies from "./policies.ts";
import type * as protocol from "./protocol.ts";
import { MIGRATIONS } from "./schema.ts";

/**
 * The users, groups, roles and managed policies of one account, which names the object. Keys of users are in the
 * Registry, where the front door finds them. Every change is one transaction.
 */
export class IamAccount extends DurableObject<Env> implements Implementation<protocol.IamApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
  }

  createEntity(entity: protocol.NewEntity): protocol.Done {
    if (entity.boundary !== undefined && !this.#hasPolicy(entity.boundary)) return NO_POLICY;
    return this.#storage.transactionSync(() => entities.createEntity(this.#sql, entity, Date.now()));
  }

  findEntity(kind: protocol.EntityKind, name: string): protocol.EntityRecord | undefined {
    return entities.findEntity(this.#sql, kind, name);
  }

  listEntities(kind: protocol.EntityKind, page: protocol.PageQuery): protocol.Page<protocol.EntityRecord> {
    return entities.listEntities(this.#sql, kind, page);
  }

  updateEntity(kind: protocol.EntityKind, name: string, change: protocol.EntityChange): protocol.Done {
    if (change.boundary && !this.#hasPolicy(change.boundary)) return NO_POLICY;
    return this.#storage.transactionSync(() => entities.updateEntity(this.#sql, kind, name, change));
  }

  deleteEntity(kind: protocol.EntityKind, name: string): protocol.Done {
    return this.#storage.transactionSync(() => entities.deleteEntity(this.#sql, kind, name));
  }

  addMember(group: string, user: string): protocol.Done {
    return entities.addMember(this.#sql, group, user);
  }

  removeMember(group: string, user: string): protocol.Done {
    return entities.removeMember(this.#sql, group, user);
  }

  listMembers(group: string): readonly protocol.EntityRecord[] {
    return entities.listMembers(this.#sql, group);
  }

  listGroupsOf(user: string): readonly protocol.EntityRecord[] {
    return entities.listGroupsOf(this.#sql, user);
  }

  putInlinePolicy(
    kind: protocol.EntityKind,
    name: string,
    policy: protocol.NamedDocument,
    maxBytes: number,
  ): protocol.Done {
    return policies.putInlinePolicy(this.#sql, kind, name, policy, maxBytes);
  }

  findInlinePolicy(kind: protocol.EntityKind, name: string, policyName: string): protocol.NamedDocument | undefined {
    // Names of policies have no case.
    const wanted = policyName.toLowerCase();
    return policies.listInlinePolicies(this.#sql, kind, name)?.find((each) => each.name.toLowerCase() === wanted);
  }

  listInlinePolicies(kind: protocol.EntityKind, name: string): readonly protocol.NamedDocument[] | undefined {
    return policies.listInlinePolicies(this.#sql, kind, name);
  }

  deleteInlinePolicy(kind: protocol.EntityKind, name: string, policyName: string): protocol.Done {
    return policies.deleteInlinePolicy(this.#sql, kind, name, policyName);
  }

  createPolicy(policy: protocol.NewPolicy): protocol.Done {
    return this.#storage.transactionSync(() => policies.createPolicy(this.#sql, policy, Date.now()));
  }

  findPolicy(arn: string): protocol.PolicyRecord | undefined {
    return policies.findPolicy(this.#sql, arn);
  }

  listPolicies(page: protocol.PageQuery): protocol.Page<protocol.PolicyRecord> {
    return policies.listPolicies(this.#sql, page);
  }

  updatePolicyTags(arn: string, tags: readonly protocol.IamTag[]): protocol.Done {
    return policies.updatePolicyTags(this.#sql, arn, tags);
  }

  deletePolicy(arn: string): protocol.Done {
    return this.#storage.transactionSync(() => policies.deletePolicy(this.#sql, arn));
  }

  createPolicyVersion(
    arn: string,
    document: string,
    setAsDefault: boolean,
  ): protocol.PolicyVersionRecord | protocol.Refusal {
    return this.#storage.transactionSync(() =>
      policies.createPolicyVersion(this.#sql, arn, document, setAsDefault, Date.now()),
    );
  }

  listPolicyVersions(arn: string): readonly protocol.PolicyVersionRecord[] | undefined {
    return policies.listPolicyVersions(this.#sql, arn);
  }

  deletePolicyVersion(arn: string, version: number): protocol.Done {
    return policies.deletePolicyVersion(this.#sql, arn, version);
  }

  setDefaultVersion(arn: string, version: number): protocol.Done {
    return policies.setDefaultVersion(this.#sql, arn, version, Date.now());
  }

  attachPolicy(kind: protocol.EntityKind, name: string, arn: string, ofAws: boolean): protocol.Done {
    return policies.attachPolicy(this.#sql, kind, name, arn, ofAws);
  }

  detachPolicy(kind: protocol.EntityKind, name: string, arn: string): protocol.Done {
    return policies.detachPolicy(this.#sql, kind, name, arn);
  }

  listAttachedPolicies(kind: protocol.EntityKind, name: string): readonly string[] | undefined {
    return policies.listAttachedPolicies(this.#sql, kind, name);
  }

  listAttachedEntities(arn: string): readonly protocol.EntityRecord[] {
    return entities.listAttachedEntities(this.#sql, arn);
  }

  listBoundedEntities(arn: string): readonly protocol.EntityRecord[] {
    return entities.listBoundedEntities(this.#sql, arn);
  }

  findUserGrants(userId: string): protocol.Grants | undefined {
    return findGrantsById(this.#sql, userId);
  }

  findRoleGrants(roleName: string): protocol.Grants | undefined {
    return findGrants(this.#sql, "role", roleName);
  }

  findFunctionRole(roleName: string): protocol.Grants | undefined {
    return findFunctionRole(this.#sql, roleName);
  }

  findGroupGrants(groupName: string): protocol.Grants | undefined {
    return findGrants(this.#sql, "group", groupName);
  }

  count(): protocol.Counts {
    return entities.countAll(this.#sql);
  }

  /** Those of AWS are known to the Worker, which has checked them. */
  #hasPolicy(arn: string): boolean {
    return arn.startsWith("arn:aws:iam::aws:policy/") || policies.findPolicy(this.#sql, arn) !== undefined;
  }
}

const NO_POLICY = { outcome: "not-found", what: "policy" } as const;
