/** What the Worker and an account's keys say to each other. Fields are only ever added, and optional. */

export type KeyState = "Enabled" | "Disabled" | "PendingDeletion";

export interface KmsKey {
  /** A UUID, or the id that a migration brought along. */
  readonly id: string;
  /** 256 bits, sealed by the deployment's master key; what encrypts. */
  readonly material: string;
  readonly state: KeyState;
  readonly description: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Of a key that waits for its deletion: when, in milliseconds since the epoch. */
  readonly deletedAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** AWS: made by itself for a service, which alone uses it. */
  readonly manager: "AWS" | "CUSTOMER";
  /** Between two automatic rotations. Absent: the key does not rotate by itself. */
  readonly rotationDays?: number;
  /** When the next automatic rotation is due, in milliseconds since the epoch. */
  readonly rotatesAt?: number;
  /** Oldest first. */
  readonly rotations?: readonly KeyRotation[];
  /** JSON, as it was put. Absent: the one that every key begins with. */
  readonly policy?: string;
}

export type RotationType = "AUTOMATIC" | "ON_DEMAND";

export interface KeyRotation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type: RotationType;
  /** The sealed material that it replaced, which goes on decrypting. */
  readonly former: string;
}

export interface KmsAlias {
  /** `alias/…` */
  readonly name: string;
  readonly keyId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Page<Item> {
  /** In the order of their names. */
  readonly items: readonly Item[];
  readonly more: boolean;
}

/** How a change of a key ended; "invalid-state": not with a key of this state. */
export type KeyOutcome =
  | { readonly outcome: "ok"; readonly key: KmsKey }
  | { readonly outcome: "not-found" }
  | { readonly outcome: "invalid-state"; readonly key: KmsKey };

/** "quota": the key has been rotated on demand as often as it may be. */
export type RotationOutcome = KeyOutcome | { readonly outcome: "quota" };

export type AliasOutcome = "ok" | "exists" | "no-such-key" | "no-such-alias";

export interface KmsKeysApi {
  /** False when the id is taken. */
  createKey(key: KmsKey): Promise<boolean>;
  /** By id or alias. */
  findKey(name: string): Promise<KmsKey | undefined>;
  /** The key behind an alias of AWS's own; `candidate` becomes it if there is none yet. */
  ensureKey(alias: string, candidate: KmsKey): Promise<KmsKey>;
  /** Without their policies. */
  listKeys(after: string, limit: number): Promise<Page<KmsKey>>;
  setEnabled(id: string, enabled: boolean): Promise<KeyOutcome>;
  scheduleDeletion(id: string, at: number): Promise<KeyOutcome>;
  cancelDeletion(id: string): Promise<KeyOutcome>;
  describeKey(id: string, description: string): Promise<KeyOutcome>;
  setTags(id: string, tags: Readonly<Record<string, string>>): Promise<KeyOutcome>;
  setPolicy(id: string, policy: string): Promise<KeyOutcome>;
  /** Automatic rotation every so many days from now on; undefined ends it. */
  setRotation(id: string, days: number | undefined): Promise<KeyOutcome>;
  /** Sealed `material` becomes the current one; of an AUTOMATIC rotation that is not due, nothing does. */
  rotateKey(id: string, material: string, type: RotationType): Promise<RotationOutcome>;
  createAlias(name: string, keyId: string): Promise<AliasOutcome>;
  updateAlias(name: string, keyId: string): Promise<AliasOutcome>;
  deleteAlias(name: string): Promise<AliasOutcome>;
  /** Of one key, or of all. */
  listAliases(keyId: string | undefined, after: string, limit: number): Promise<Page<KmsAlias>>;
}
