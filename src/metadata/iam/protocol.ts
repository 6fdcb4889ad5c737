export type EntityKind = "user" | "group" | "role";

export interface IamTag {
  readonly key: string;
  readonly value: string;
}

/** What roles have beside what users and groups have. */
export interface RoleSettings {
  /** The trust policy, as it was given. */
  readonly trust: string;
  readonly description: string;
  readonly maxSessionSeconds: number;
}

/** A user, a group or a role. */
export interface EntityRecord {
  readonly kind: EntityKind;
  readonly name: string;
  /** `AIDA…`, `AGPA…`, `AROA…`; never used again. */
  readonly id: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** ARN of a managed policy. */
  readonly boundary?: string;
  readonly tags: readonly IamTag[];
  /** Of roles. */
  readonly role?: RoleSettings;
}

export type NewEntity = Omit<EntityRecord, "createdAt">;

/** What an update replaces; what is absent stays. `null` removes. */
export interface EntityChange {
  readonly name?: string;
  readonly path?: string;
  readonly boundary?: string | null;
  readonly tags?: readonly IamTag[];
  readonly role?: Partial<RoleSettings>;
}

export interface PolicyRecord {
  readonly arn: string;
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly description: string;
  readonly tags: readonly IamTag[];
  readonly defaultVersion: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Users, groups and roles that it is attached to. */
  readonly attachments: number;
  /** Users and roles whose boundary it is. */
  readonly boundaries: number;
}

export type NewPolicy = Pick<PolicyRecord, "arn" | "id" | "name" | "path" | "description" | "tags"> & {
  readonly document: string;
};

export interface PolicyVersionRecord {
  readonly version: number;
  readonly document: string;
  readonly createdAt: number;
  readonly isDefault: boolean;
}

export interface PageQuery {
  readonly pathPrefix: string;
  /** The last name of the page before; empty at the beginning. */
  readonly after: string;
  readonly limit: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

/** A policy document with what decisions call it. */
export interface NamedDocument {
  readonly name: string;
  readonly document: string;
}

/** What decides what a user or a role may do. Managed policies of AWS are named, not written out. */
export interface Grants {
  readonly entity: EntityRecord;
  readonly documents: readonly NamedDocument[];
  readonly awsPolicies: readonly string[];
  /** Its document, unless it is one of AWS's. */
  readonly boundary?: NamedDocument;
}

export interface Counts {
  readonly users: number;
  readonly groups: number;
  readonly roles: number;
  readonly policies: number;
  readonly policyVersions: number;
}

/** Why a change was not made. */
export type Refusal =
  /** The entity, policy, version or attachment is not there. */
  | { readonly outcome: "not-found"; readonly what: "entity" | "member" | "policy" | "version" }
  | { readonly outcome: "exists" }
  | { readonly outcome: "limit"; readonly what: string; readonly limit: number }
  /** Something hangs on it still. */
  | { readonly outcome: "in-use"; readonly by: string }
  | { readonly outcome: "is-default" };

export type Done = { readonly outcome: "ok" } | Refusal;

export interface IamApi {
  createEntity(entity: NewEntity): Promise<Done>;
  findEntity(kind: EntityKind, name: string): Promise<EntityRecord | undefined>;
  listEntities(kind: EntityKind, page: PageQuery): Promise<Page<EntityRecord>>;
  updateEntity(kind: EntityKind, name: string, change: EntityChange): Promise<Done>;
  deleteEntity(kind: EntityKind, name: string): Promise<Done>;

  addMember(group: string, user: string): Promise<Done>;
  removeMember(group: string, user: string): Promise<Done>;
  listMembers(group: string): Promise<readonly EntityRecord[]>;
  listGroupsOf(user: string): Promise<readonly EntityRecord[]>;

  putInlinePolicy(kind: EntityKind, name: string, policy: NamedDocument, maxBytes: number): Promise<Done>;
  findInlinePolicy(kind: EntityKind, name: string, policyName: string): Promise<NamedDocument | undefined>;
  listInlinePolicies(kind: EntityKind, name: string): Promise<readonly NamedDocument[] | undefined>;
  deleteInlinePolicy(kind: EntityKind, name: string, policyName: string): Promise<Done>;

  createPolicy(policy: NewPolicy): Promise<Done>;
  findPolicy(arn: string): Promise<PolicyRecord | undefined>;
  listPolicies(page: PageQuery): Promise<Page<PolicyRecord>>;
  updatePolicyTags(arn: string, tags: readonly IamTag[]): Promise<Done>;
  deletePolicy(arn: string): Promise<Done>;
  createPolicyVersion(arn: string, document: string, setAsDefault: boolean): Promise<PolicyVersionRecord | Refusal>;
  listPolicyVersions(arn: string): Promise<readonly PolicyVersionRecord[] | undefined>;
  deletePolicyVersion(arn: string, version: number): Promise<Done>;
  setDefaultVersion(arn: string, version: number): Promise<Done>;

  /** A policy of the account, or one of AWS's, which the caller has checked. */
  attachPolicy(kind: EntityKind, name: string, arn: string, ofAws: boolean): Promise<Done>;
  detachPolicy(kind: EntityKind, name: string, arn: string): Promise<Done>;
  /** ARNs. */
  listAttachedPolicies(kind: EntityKind, name: string): Promise<readonly string[] | undefined>;
  listAttachedEntities(arn: string): Promise<readonly EntityRecord[]>;
  listBoundedEntities(arn: string): Promise<readonly EntityRecord[]>;

  /** By the id of a user, by the name of a role. */
  findUserGrants(userId: string): Promise<Grants | undefined>;
  findRoleGrants(roleName: string): Promise<Grants | undefined>;
  /** Of a function's role; those of a deleted one grant nothing. Undefined: there never was one of that name. */
  findFunctionRole(roleName: string): Promise<Grants | undefined>;
  findGroupGrants(groupName: string): Promise<Grants | undefined>;
  count(): Promise<Counts>;
}
