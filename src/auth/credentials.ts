import type { Env } from "../env.ts";
import { TimedCache } from "../lib/timed-cache.ts";
import { type Directory, directoryOf } from "../metadata/registry/directory.ts";
import type { NewAccessKey } from "../metadata/registry/protocol.ts";
import { createAccessKeyId, createSecretAccessKey, isGeneratedKeyId } from "./access-key-ids.ts";
import { authError } from "./errors.ts";
import type { Credential, Principal } from "./identity.ts";
import { describeRoleSession, type Principals, principalsOf } from "./principals.ts";
import { type MasterKey, masterKeyOf } from "./secrets.ts";
import { openSession, type Session } from "./sessions.ts";

/** A disabled or deleted key stops within ten seconds in every isolate. */
const KNOWN_KEY = { fresh: 8_000, usable: 10_000 };
/** Ids with a right tag, or imported ones, that are not there: deleted a moment ago. */
const UNKNOWN_KEY = { fresh: 2_000, usable: 2_000 };

const ROLE_ARN = /^arn:aws[a-z-]*:iam::(\d{12}):role\/(?:[^/]+\/)*([^/]+)$/;
/** The name that sessions of functions have. */
const FUNCTION_SESSION = "function";

/** Longer ones are not looked at. */
const MAX_KEY_ID_LENGTH = 128;

type CredentialsEnv = Pick<
  Env,
  "IAM_ACCOUNTS" | "REGISTRY" | "VERGE_ROOT_ACCESS_KEY_ID" | "VERGE_ROOT_SECRET_ACCESS_KEY" | "VERGE_MASTER_KEY"
>;

/** A key before it is stored, with its secret in clear for the one answer that shows it. */
export interface IssuedKey {
  readonly stored: NewAccessKey;
  readonly secretAccessKey: string;
}

/** The access keys of a deployment, as an isolate knows them. Secrets leave it only in a `Credential`. */
export class Credentials {
  readonly #env: CredentialsEnv;
  readonly #directory: Directory;
  readonly #principals: Principals;
  readonly #cache = new TimedCache<Credential | undefined>({
    limit: 2_000,
    lifetime: (credential) => (credential ? KNOWN_KEY : UNKNOWN_KEY),
  });

  constructor(env: CredentialsEnv, directory: Directory) {
    this.#env = env;
    this.#directory = directory;
    this.#principals = principalsOf(env);
  }

  /**
   * The key under an id, Inactive ones too; undefined when there is none. The root key comes from the
   * environment; ids that this deployment has neither generated nor imported cost no look-up. With a session
   * token it is the session's key; throws InvalidToken, ExpiredToken.
   */
  async findCredential(accessKeyId: string, sessionToken?: string): Promise<Credential | undefined> {
    if (sessionToken !== undefined) return this.#sessionCredential(accessKeyId, sessionToken);
    if (accessKeyId === this.#env.VERGE_ROOT_ACCESS_KEY_ID) return this.#rootCredential(accessKeyId);
    const held = this.#cache.peek(accessKeyId);
    if (held) return held.value?.userId === undefined ? held.value : this.#withUser(held.value);
    if (!(await this.#mayExist(accessKeyId))) return undefined;
    const read = await this.#cache.load(accessKeyId, () => this.#readCredential(accessKeyId));
    return read?.userId === undefined ? read : this.#withUser(read);
  }

  /** Whether an id is the root key's, which no stored key may have. */
  isRootKey(accessKeyId: string): boolean {
    return accessKeyId === this.#env.VERGE_ROOT_ACCESS_KEY_ID;
  }

  /** Makes a key ready to be stored. What is not given is generated. */
  async issueKey(given: {
    readonly accessKeyId?: string | undefined;
    readonly secretAccessKey?: string | undefined;
  }): Promise<IssuedKey> {
    const master = await this.#masterKey();
    const accessKeyId = given.accessKeyId ?? (await createAccessKeyId(master));
    const secretAccessKey = given.secretAccessKey ?? createSecretAccessKey();
    const sealedSecret = await master.seal(secretAccessKey, accessKeyId);
    // An id that was generated here and comes back (from a backup) has its tag.
    const imported = !(await isGeneratedKeyId(master, accessKeyId));
    return { stored: { accessKeyId, sealedSecret, imported }, secretAccessKey };
  }

  /** To be called after each change of a key by this isolate, so that it counts here at once. */
  forgetKey(accessKeyId: string): void {
    this.#cache.forget(accessKeyId);
    this.#directory.forgetImportedKeys();
  }

  async #sessionCredential(accessKeyId: string, sessionToken: string): Promise<Credential> {
    const session = await openSession(await this.#masterKey(), accessKeyId, sessionToken);
    if (!session) throw authError("InvalidToken");
    if (session.expiresAt <= Date.now()) throw authError("ExpiredToken", { "Token-0": sessionToken });
    const account = await this.#directory.findAccount(session.accountId);
    if (!account) throw authError("InvalidToken");
    const { secretAccessKey } = session;
    const principal = await this.#principalOf(session);
    // A session of the root account may use what the account owns, and administers nothing.
    return {
      accessKeyId,
      secretAccessKey,
      account: { ...account, root: false },
      status: "Active",
      ...(principal && { principal }),
    };
  }

  async #principalOf({ accountId, roleArn, holder }: Session): Promise<Principal | undefined> {
    if (holder) {
      const principal = await this.#principals.findHolder(accountId, holder);
      if (!principal) throw authError("InvalidToken");
      return principal;
    }
    const [, roleAccount, roleName] = ROLE_ARN.exec(roleArn ?? "") ?? [];
    if (roleAccount !== accountId || roleName === undefined) return undefined;
    const role = await this.#principals.findFunctionRole(accountId, roleName);
    return role && describeRoleSession(accountId, role, FUNCTION_SESSION);
  }

  /** A key of a user is nobody's once the user is deleted; and no user administers the deployment. */
  async #withUser(credential: Credential): Promise<Credential | undefined> {
    const { account, userId = "" } = credential;
    const principal = await this.#principals.findUser(account.id, userId);
    return principal && { ...credential, account: { ...account, root: false }, principal };
  }

  async #rootCredential(accessKeyId: string): Promise<Credential> {
    const secretAccessKey = this.#env.VERGE_ROOT_SECRET_ACCESS_KEY ?? "";
    return {
      accessKeyId,
      secretAccessKey,
      account: await this.#directory.findRootAccount(),
      status: "Active",
    };
  }

  async #mayExist(accessKeyId: string): Promise<boolean> {
    if (accessKeyId.length > MAX_KEY_ID_LENGTH) return false;
    if (await isGeneratedKeyId(await this.#masterKey(), accessKeyId)) return true;
    return this.#directory.isImportedKey(accessKeyId);
  }

  async #readCredential(accessKeyId: string): Promise<Credential | undefined> {
    const found = await this.#directory.findAccessKey(accessKeyId);
    if (!found) return undefined;
    const secretAccessKey = await (await this.#masterKey()).open(found.sealedSecret, accessKeyId);
    if (secretAccessKey !== undefined) {
      const { status, userId } = found.key;
      return { accessKeyId, secretAccessKey, account: found.account, status, ...(userId !== undefined && { userId }) };
    }
    console.error(`The secret of access key ${accessKeyId} does not open: was VERGE_MASTER_KEY changed?`);
    return undefined;
  }

  #masterKey(): Promise<MasterKey> {
    return masterKeyOf(this.#env.VERGE_MASTER_KEY ?? "");
  }
}

const credentials = new WeakMap<object, Credentials>();

/** The isolate's credentials of a deployment. */
export function credentialsOf(env: CredentialsEnv): Credentials {
  const known = credentials.get(env);
  if (known) return known;
  const created = new Credentials(env, directoryOf(env));
  credentials.set(env, created);
  return created;
}
