import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { runMigrations } from "../migrations.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import { changeKey, eraseKeys, findKey, insertKey, listKeys, nextErasure } from "./keys.ts";
import type {
  AliasOutcome,
  KeyOutcome,
  KmsAlias,
  KmsKey,
  KmsKeysApi,
  Page,
  RotationOutcome,
  RotationType,
} from "./protocol.ts";
import { hasQuota, rotate, schedule } from "./rotation.ts";
import { MIGRATIONS } from "./schema.ts";

/** The KMS keys of one account, which names the object. It holds them sealed, and never sees what they encrypt. */
export class KmsKeys extends DurableObject<Env> implements KmsKeysApi {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
    // The platform drops an alarm that has failed too often.
    this.#armAlarm();
  }

  async createKey(key: KmsKey): Promise<boolean> {
    return insertKey(this.#sql, key);
  }

  async findKey(name: string): Promise<KmsKey | undefined> {
    eraseKeys(this.#sql, Date.now());
    return findKey(this.#sql, name);
  }

  async ensureKey(alias: string, candidate: KmsKey): Promise<KmsKey> {
    return this.#storage.transactionSync(() => {
      const known = findKey(this.#sql, alias);
      if (known) return known;
      insertKey(this.#sql, candidate);
      createAlias(this.#sql, alias, candidate.id, Date.now());
      return candidate;
    });
  }

  async listKeys(after: string, limit: number): Promise<Page<KmsKey>> {
    eraseKeys(this.#sql, Date.now());
    return listKeys(this.#sql, after, limit);
  }

  async setEnabled(id: string, enabled: boolean): Promise<KeyOutcome> {
    const state = enabled ? "Enabled" : "Disabled";
    return changeKey(this.#sql, id, ["Enabled", "Disabled"], (key) => ({ ...key, state }));
  }

  async scheduleDeletion(id: string, at: number): Promise<KeyOutcome> {
    const outcome = changeKey(this.#sql, id, ["Enabled", "Disabled"], (key) => ({
      ...key,
      state: "PendingDeletion",
      deletedAt: at,
    }));
    this.#armAlarm();
    return outcome;
  }

  async cancelDeletion(id: string): Promise<KeyOutcome> {
    return changeKey(this.#sql, id, ["PendingDeletion"], ({ deletedAt: _former, ...key }) => ({
      ...key,
      state: "Disabled",
    }));
  }

  async describeKey(id: string, description: string): Promise<KeyOutcome> {
    return changeKey(this.#sql, id, ["Enabled", "Disabled"], (key) => ({ ...key, description }));
  }

  async setTags(id: string, tags: Readonly<Record<string, string>>): Promise<KeyOutcome> {
    return changeKey(this.#sql, id, ["Enabled", "Disabled"], (key) => ({ ...key, tags }));
  }

  async setPolicy(id: string, policy: string): Promise<KeyOutcome> {
    return changeKey(this.#sql, id, ["Enabled", "Disabled", "PendingDeletion"], (key) => ({ ...key, policy }));
  }

  async setRotation(id: string, days: number | undefined): Promise<KeyOutcome> {
    return changeKey(this.#sql, id, ["Enabled"], (key) => schedule(key, days, Date.now()));
  }

  async rotateKey(id: string, material: string, type: RotationType): Promise<RotationOutcome> {
    const key = findKey(this.#sql, id);
    if (key && type === "ON_DEMAND" && !hasQuota(key)) return { outcome: "quota" };
    return changeKey(this.#sql, id, ["Enabled"], (known) => rotate(known, material, type, Date.now()));
  }

  async createAlias(name: string, keyId: string): Promise<AliasOutcome> {
    return createAlias(this.#sql, name, keyId, Date.now());
  }

  async updateAlias(name: string, keyId: string): Promise<AliasOutcome> {
    return updateAlias(this.#sql, name, keyId, Date.now());
  }

  async deleteAlias(name: string): Promise<AliasOutcome> {
    return deleteAlias(this.#sql, name);
  }

  async listAliases(keyId: string | undefined, after: string, limit: number): Promise<Page<KmsAlias>> {
    return listAliases(this.#sql, keyId, after, limit);
  }

  override async alarm(): Promise<void> {
    eraseKeys(this.#sql, Date.now());
    this.#armAlarm();
  }

  #armAlarm(): void {
    const next = nextErasure(this.#sql);
    if (next !== undefined) void this.#storage.setAlarm(next);
  }
}
