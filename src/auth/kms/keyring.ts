import { randomBytes } from "node:crypto";
import type { Env } from "../../env.ts";
import { TimedCache } from "../../lib/timed-cache.ts";
import { kmsKeysOf } from "../../metadata/kms/client.ts";
import type { KmsKey } from "../../metadata/kms/protocol.ts";
import { isRotationDue, schedule, YEARLY_DAYS } from "../../metadata/kms/rotation.ts";
import { type MasterKey, masterKeyOf } from "../secrets.ts";
import { type Ciphertext, decryptUnder, encryptUnder, type EncryptionContext } from "./ciphertext.ts";
import type { KeyName } from "./key-names.ts";

export const KEY_BYTES = 32;
/** How long an isolate goes on with a key that was disabled elsewhere. */
const FRESH_MS = 5_000;
/** The key that S3 uses where none is named. */
const S3_ALIAS = "alias/aws/s3";

/** A key that exists, and its owner. */
export interface FoundKey {
  readonly accountId: string;
  readonly key: KmsKey;
}

export interface DataKey {
  readonly plaintext: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array;
}

export interface Opened {
  readonly plaintext: Uint8Array<ArrayBuffer>;
  /** The material that it was encrypted under, sealed. */
  readonly material: string;
}

/**
 * The KMS keys of the deployment, for whoever encrypts with them. Keys are cached sealed, by name: a disabled
 * one is refused within seconds. Whether the caller may use a key is the caller's to decide.
 */
export class Keyring {
  readonly #env: Pick<Env, "KMS_KEYS" | "VERGE_MASTER_KEY">;

  constructor(env: Pick<Env, "KMS_KEYS" | "VERGE_MASTER_KEY">) {
    this.#env = env;
  }

  /** A key in whatever state. */
  async find({ accountId, name }: Pick<KeyName, "accountId" | "name">): Promise<FoundKey | undefined> {
    const key = await cache.read(`${accountId}/${name}`, () => this.#load(accountId, name));
    return key && { accountId, key };
  }

  /** `aws/s3`, made when it is first needed. */
  async findS3Key(accountId: string): Promise<FoundKey> {
    const key = await cache.read(`${accountId}/${S3_ALIAS}`, async () => {
      const known = await this.#load(accountId, S3_ALIAS);
      return known ?? this.#keys(accountId).ensureKey(S3_ALIAS, await this.mint({ manager: "AWS" }));
    });
    return { accountId, key: key! };
  }

  /** A new key, which nobody has stored yet. */
  async mint({
    id = crypto.randomUUID(),
    description = "",
    tags = {},
    manager = "CUSTOMER",
  }: Partial<Pick<KmsKey, "id" | "description" | "tags" | "manager">>): Promise<KmsKey> {
    const createdAt = Date.now();
    const material = await this.mintMaterial(id);
    const key: KmsKey = { id, material, state: "Enabled", description, createdAt, tags, manager };
    return manager === "AWS" ? schedule(key, YEARLY_DAYS, createdAt) : key;
  }

  /** New material for a key, sealed. */
  async mintMaterial(id: string): Promise<string> {
    return (await this.#master()).seal(randomBytes(KEY_BYTES).toString("base64"), ownerOf(id));
  }

  async encrypt(found: FoundKey, plaintext: Uint8Array<ArrayBuffer>, context: EncryptionContext): Promise<Uint8Array> {
    const { accountId, key } = found;
    return encryptUnder(await this.#open(key.id, key.material), { accountId, keyId: key.id }, plaintext, context);
  }

  /**
   * Undefined for what the key did not encrypt, or not in this context. A ciphertext does not say under which material
   * of its key it is, but none opens it except that one: the newest are tried first. What none opens may be of one
   * that this isolate has not heard of.
   */
  async decrypt(
    { accountId, key }: FoundKey,
    ciphertext: Ciphertext,
    context: EncryptionContext,
  ): Promise<Opened | undefined> {
    const known = materialsOf(key);
    const opened = await this.#tryMaterials(key.id, known, ciphertext, context);
    if (opened) return opened;
    cache.forget(`${accountId}/${key.id}`);
    const present = await this.find({ accountId, name: key.id });
    const others = present ? materialsOf(present.key).filter((material) => !known.includes(material)) : [];
    return this.#tryMaterials(key.id, others, ciphertext, context);
  }

  async createDataKey(found: FoundKey, context: EncryptionContext, bytes = KEY_BYTES): Promise<DataKey> {
    const plaintext = crypto.getRandomValues(new Uint8Array(bytes));
    return { plaintext, ciphertext: await this.encrypt(found, plaintext, context) };
  }

  /** What was changed here is seen here at once: a key is known by its id and by any of its aliases. */
  forget(): void {
    cache = createCache();
  }

  /** Rotation is by whoever reads a key first after its date: where keys are stored, no material can be made. */
  async #load(accountId: string, name: string): Promise<KmsKey | undefined> {
    const keys = this.#keys(accountId);
    const key = await keys.findKey(name);
    if (!key || !isRotationDue(key, Date.now())) return key;
    const rotated = await keys.rotateKey(key.id, await this.mintMaterial(key.id), "AUTOMATIC");
    return "key" in rotated ? rotated.key : undefined;
  }

  async #tryMaterials(
    id: string,
    materials: readonly string[],
    ciphertext: Ciphertext,
    context: EncryptionContext,
  ): Promise<Opened | undefined> {
    for (const material of materials) {
      const plaintext = await decryptUnder(await this.#open(id, material), ciphertext, context);
      if (plaintext) return { plaintext, material };
    }
    return undefined;
  }

  async #open(id: string, material: string): Promise<Uint8Array<ArrayBuffer>> {
    const opened = await (await this.#master()).open(material, ownerOf(id));
    if (opened === undefined) throw new Error(`the KMS key ${id} was sealed under another master key`);
    return new Uint8Array(Buffer.from(opened, "base64"));
  }

  #keys(accountId: string) {
    return kmsKeysOf(this.#env, accountId);
  }

  #master(): Promise<MasterKey> {
    return masterKeyOf(this.#env.VERGE_MASTER_KEY ?? "");
  }
}

/** Of a key, sealed, the current one first. */
export function materialsOf({ material, rotations = [] }: KmsKey): string[] {
  return [material, ...rotations.map(({ former }) => former).toReversed()];
}

function ownerOf(keyId: string): string {
  return `kms:${keyId}`;
}

/** Of the isolate. */
let cache = createCache();

function createCache() {
  return new TimedCache<KmsKey | undefined>({
    limit: 1000,
    // What does not exist may exist in a moment.
    lifetime: (key) => ({ fresh: key ? FRESH_MS : 0, usable: key ? FRESH_MS : 0 }),
  });
}
