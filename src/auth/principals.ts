import type { Env } from "../env.ts";
import { TimedCache } from "../lib/timed-cache.ts";
import { iamOf } from "../metadata/iam/client.ts";
import type { EntityRecord, Grants, NamedDocument } from "../metadata/iam/protocol.ts";
import type { Principal } from "./identity.ts";
import { findAwsPolicy } from "./policy/aws-policies.ts";
import type { NamedPolicy, Permissions } from "./policy/evaluate.ts";
import { parsePolicy } from "./policy/parse.ts";
import type { SessionHolder } from "./sessions.ts";

/** What a user or role may do changes within ten seconds in every isolate. */
const KNOWN = { fresh: 8_000, usable: 10_000 };
const UNKNOWN = { fresh: 2_000, usable: 2_000 };

/** A user or a role, with what it has been given. */
export interface Granted {
  readonly entity: EntityRecord;
  readonly permissions: Permissions;
}

type PrincipalsEnv = Pick<Env, "IAM_ACCOUNTS">;

/** The users and roles of a deployment, as an isolate knows them. */
export class Principals {
  readonly #env: PrincipalsEnv;
  #cache = createCache();

  constructor(env: PrincipalsEnv) {
    this.#env = env;
  }

  /** Undefined when the user is no more. */
  async findUser(accountId: string, userId: string): Promise<Principal | undefined> {
    const found = await this.#read(`user ${accountId} ${userId}`, () =>
      iamOf(this.#env, accountId).findUserGrants(userId),
    );
    return found && describeUser(accountId, found);
  }

  async findRole(accountId: string, roleName: string): Promise<Granted | undefined> {
    return this.#read(`role ${accountId} ${roleName}`, () => iamOf(this.#env, accountId).findRoleGrants(roleName));
  }

  /** Of a function; see `IamApi.findFunctionRole`. */
  async findFunctionRole(accountId: string, roleName: string): Promise<Granted | undefined> {
    return this.#read(`function ${accountId} ${roleName}`, () =>
      iamOf(this.#env, accountId).findFunctionRole(roleName),
    );
  }

  /** Whose a session is; undefined when the user or role is no more. */
  async findHolder(accountId: string, holder: SessionHolder): Promise<Principal | undefined> {
    if (holder.kind === "user") return this.findUser(accountId, holder.userId);
    if (holder.kind === "federated") return this.#findFederated(accountId, holder);
    const role = await this.findRole(accountId, holder.roleName);
    if (role?.entity.id !== holder.roleId) return undefined;
    return describeRoleSession(accountId, role, holder.sessionName, holder.policies);
  }

  /** To be called after each change of users, roles or policies by this isolate, so that it counts here at once. */
  forget(): void {
    this.#cache = createCache();
  }

  async #findFederated(
    accountId: string,
    { userId, name, policies }: Extract<SessionHolder, { kind: "federated" }>,
  ): Promise<Principal | undefined> {
    const user = userId === undefined ? undefined : await this.findUser(accountId, userId);
    if (userId !== undefined && !user) return undefined;
    return {
      arn: `arn:aws:sts::${accountId}:federated-user/${name}`,
      userId: `${accountId}:${name}`,
      // Without a policy of its own it may do nothing (API Reference, GetFederationToken).
      permissions: { ...(user?.permissions ?? EVERYTHING), session: readSessionPolicies(policies) },
    };
  }

  async #read(name: string, ask: () => Promise<Grants | undefined>): Promise<Granted | undefined> {
    return this.#cache.read(name, async () => {
      const grants = await ask();
      return grants && { entity: grants.entity, permissions: permissionsOf(grants) };
    });
  }
}

/** What documents and managed policies allow. */
export function permissionsOf({ entity, documents, awsPolicies, boundary }: Grants): Permissions {
  const managed = awsPolicies.flatMap((arn) => findAwsPolicy(arn) ?? []);
  const identity = [...documents, ...managed].map(readIdentityPolicy);
  if (entity.boundary === undefined) return { identity };
  const bounding = boundary ?? findAwsPolicy(entity.boundary);
  // A boundary that is not known any more allows nothing.
  const limit = bounding ? readIdentityPolicy(bounding) : { name: entity.boundary, policy: NOTHING };
  return { identity, boundary: limit };
}

/** A session of a role: what the role may do, or less. */
export function describeRoleSession(
  accountId: string,
  { entity, permissions }: Granted,
  sessionName: string,
  policies?: readonly string[],
): Principal {
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/${entity.name}/${sessionName}`,
    roleArn: formatEntityArn(accountId, entity),
    userId: `${entity.id}:${sessionName}`,
    tags: entity.tags,
    permissions: { ...permissions, ...(policies && { session: readSessionPolicies(policies) }) },
  };
}

/** `arn:aws:iam::123456789012:user/division/anna` */
export function formatEntityArn(
  accountId: string,
  { kind, path, name }: Pick<EntityRecord, "kind" | "path" | "name">,
): string {
  return `arn:aws:iam::${accountId}:${kind}${path}${name}`;
}

const NOTHING = { version: "2012-10-17", statements: [] } as const;
const EVERYTHING: Permissions = {
  identity: [readIdentityPolicy(findAwsPolicy("arn:aws:iam::aws:policy/AdministratorAccess")!)],
};

function describeUser(accountId: string, { entity, permissions }: Granted): Principal {
  return {
    arn: formatEntityArn(accountId, entity),
    userId: entity.id,
    userName: entity.name,
    tags: entity.tags,
    permissions,
  };
}

function readSessionPolicies(documents: readonly string[]): NamedPolicy[] {
  return documents.map((document) => readIdentityPolicy({ name: "of the session", document }));
}

function readIdentityPolicy({ name, document }: NamedDocument): NamedPolicy {
  return { name, policy: parsePolicy(document, "identity") };
}

function createCache(): TimedCache<Granted | undefined> {
  return new TimedCache<Granted | undefined>({ limit: 2_000, lifetime: (found) => (found ? KNOWN : UNKNOWN) });
}

const principals = new WeakMap<object, Principals>();

/** The isolate's principals of a deployment. */
export function principalsOf(env: PrincipalsEnv): Principals {
  const known = principals.get(env);
  if (known) return known;
  const created = new Principals(env);
  principals.set(env, created);
  return created;
}
