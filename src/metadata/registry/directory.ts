import type { Env } from "../../env.ts";
import { TimedCache } from "../../lib/timed-cache.ts";
import { askRegistry } from "./client.ts";
import type { AccountRecord, BucketEntry, FoundAccessKey } from "./protocol.ts";

/** How long this isolate goes on with what it knows of a bucket name, an account, an imported key id. */
const ACTIVE_BUCKET = { fresh: 4_000, usable: 5_000 };
/** Unknown names, and buckets on their way in or out (consistency rule 18). */
const UNSETTLED_BUCKET = { fresh: 1_000, usable: 1_000 };
const ACCOUNT = { fresh: 8_000, usable: 10_000 };
const IMPORTED_KEYS = { fresh: 4_000, usable: 6_000 };

/** What no bucket can be called is answered without asking: S3's rules of any age, loosely. */
const POSSIBLE_BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{2,254}$/;

/** An isolate's cached view of the Registry. Holds no secrets. */
export class Directory {
  readonly #env: Pick<Env, "REGISTRY">;
  readonly #buckets = new TimedCache<BucketEntry | undefined>({
    limit: 10_000,
    lifetime: (bucket) => (bucket?.state === "active" ? ACTIVE_BUCKET : UNSETTLED_BUCKET),
  });
  readonly #accounts = new TimedCache<AccountRecord | undefined>({
    limit: 2_000,
    lifetime: () => ACCOUNT,
  });
  readonly #accountsByCanonicalId = new TimedCache<AccountRecord | undefined>({
    limit: 2_000,
    lifetime: () => ACCOUNT,
  });
  readonly #importedKeys = new TimedCache<ReadonlySet<string>>({
    limit: 1,
    lifetime: () => IMPORTED_KEYS,
  });
  /** Never changes, so it is read once. */
  #root: AccountRecord | undefined;

  constructor(env: Pick<Env, "REGISTRY">) {
    this.#env = env;
  }

  /**
   * The entry of a bucket in any state: for the data plane only `active` counts. When the index object
   * answers `gone`, `forgetBucket` and ask again.
   */
  async findBucket(name: string): Promise<BucketEntry | undefined> {
    if (!POSSIBLE_BUCKET_NAME.test(name)) return undefined;
    return this.#buckets.read(name, () => askRegistry(this.#env, (registry) => registry.findBucket(name)));
  }

  /** Whether this isolate has met the bucket in the last seconds. */
  knowsBucket(name: string): boolean {
    return this.#buckets.glance(name) !== undefined;
  }

  /** To be called after each change of the bucket's entry by this isolate. */
  forgetBucket(name: string): void {
    this.#buckets.forget(name);
  }

  async findRootAccount(): Promise<AccountRecord> {
    this.#root ??= await askRegistry(this.#env, (registry) => registry.findRootAccount());
    return this.#root;
  }

  async findAccount(id: string): Promise<AccountRecord | undefined> {
    return this.#accounts.read(id, () => askRegistry(this.#env, (registry) => registry.findAccount(id)));
  }

  async findAccountByCanonicalId(canonicalId: string): Promise<AccountRecord | undefined> {
    return this.#accountsByCanonicalId.read(canonicalId, () =>
      askRegistry(this.#env, (registry) => registry.findAccountByCanonicalId(canonicalId)),
    );
  }

  /** Read afresh: seldom asked. */
  findAccountByEmail(email: string): Promise<AccountRecord | undefined> {
    return askRegistry(this.#env, (registry) => registry.findAccountByEmail(email));
  }

  /** To be called after this isolate has created or removed an account. */
  forgetAccount(account: Pick<AccountRecord, "id" | "canonicalId">): void {
    this.#accounts.forget(account.id);
    this.#accountsByCanonicalId.forget(account.canonicalId);
  }

  /** A key with its account, read afresh: the caller caches what it makes of it. */
  findAccessKey(accessKeyId: string): Promise<FoundAccessKey | undefined> {
    return askRegistry(this.#env, (registry) => registry.findAccessKey(accessKeyId));
  }

  /** Whether the administrator has imported a key of this id; asks at most every few seconds, whatever the ids. */
  async isImportedKey(accessKeyId: string): Promise<boolean> {
    const ids = await this.#importedKeys.read("", async () => {
      return new Set(await askRegistry(this.#env, (registry) => registry.listImportedKeyIds()));
    });
    return ids.has(accessKeyId);
  }

  /** To be called after this isolate has imported a key. */
  forgetImportedKeys(): void {
    this.#importedKeys.forget("");
  }
}

const directories = new WeakMap<object, Directory>();

/** The isolate's directory of a deployment: one for each `env`, which the runtime makes once. */
export function directoryOf(env: Pick<Env, "REGISTRY">): Directory {
  const known = directories.get(env);
  if (known) return known;
  const directory = new Directory(env);
  directories.set(env, directory);
  return directory;
}
