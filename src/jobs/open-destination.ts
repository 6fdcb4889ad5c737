import { parseCiphertext } from "../auth/kms/ciphertext.ts";
import { formatKeyArn, parseKeyName } from "../auth/kms/key-names.ts";
import { Keyring } from "../auth/kms/keyring.ts";
import { aclsCount } from "../auth/policy/bucket-documents.ts";
import type { AccountCaller } from "../auth/policy/evaluate.ts";
import { mayReplicate, mayUseKey, parseRoleArn, replicatorOf } from "../auth/policy/replication-role.ts";
import { principalsOf } from "../auth/principals.ts";
import type { Env } from "../env.ts";
import type { ObjectEncryption } from "../lib/object-encryption.ts";
import { TimedCache } from "../lib/timed-cache.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import type { OpenedDestination, ReplicaSubject } from "../metadata/bucket/replication.ts";
import type { ReplicationRule } from "../metadata/bucket/replication-rules.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import { directoryOf } from "../metadata/registry/directory.ts";

type KmsRecord = Extract<ObjectEncryption, { kind: "kms" }>;

/** As what a role goes: of what it needs for a version, for a change of one, and for a delete marker. */
const ACTIONS: Readonly<Record<ReplicaSubject["kind"], string>> = {
  object: "s3:ReplicateObject",
  change: "s3:ReplicateObject",
  marker: "s3:ReplicateDelete",
};

/**
 * Whether and how a version may go to the bucket of a rule. What an isolate remembers may be older than a
 * permission: nothing is refused on its word. Throws what may go better in another attempt.
 */
export async function openDestination(
  env: Env,
  source: BucketConfig,
  rule: ReplicationRule,
  subject: ReplicaSubject,
): Promise<OpenedDestination> {
  const remembered = await decide(env, source, rule, subject);
  if (!("refused" in remembered)) return remembered;
  principalsOf(env).forget();
  new Keyring(env).forget();
  directoryOf(env).forgetBucket(rule.destination.bucket);
  configurations.forget(rule.destination.bucket);
  return decide(env, source, rule, subject);
}

async function decide(
  env: Env,
  source: BucketConfig,
  rule: ReplicationRule,
  subject: ReplicaSubject,
): Promise<OpenedDestination> {
  const config = await findConfig(env, rule.destination.bucket);
  if (!config) return { refused: "there is no such bucket" };
  const { accountId, overridesOwner = false } = rule.destination;
  if (accountId !== undefined && accountId !== config.accountId) return { refused: "it is not of that account" };
  if (config.documents?.versioning !== "Enabled") return { refused: "it is not versioned" };
  const caller = await findReplicator(env, source);
  if (!caller) return { refused: "the role does not trust s3.amazonaws.com" };
  const missing = findMissing(caller, source, config, subject, overridesOwner);
  if (missing !== undefined) return { refused: `the role may not ${missing}` };
  const owned = overridesOwner || !aclsCount(config) ? { ownerId: config.accountId } : {};
  if (subject.kind !== "object" || subject.encryption?.kind !== "kms") return { config, ...owned };
  const encryption = await rewrap({ env, caller, source, config, rule, key: subject.key }, subject.encryption);
  return "refused" in encryption ? encryption : { config, ...owned, encryption };
}

/** The first permission that the role needs and lacks ("Setting up permissions for live replication"). */
function findMissing(
  caller: AccountCaller,
  source: BucketConfig,
  destination: BucketConfig,
  { kind, key, tagged }: ReplicaSubject,
  overridesOwner: boolean,
): string | undefined {
  const wanted: [string, BucketConfig][] = [
    ...(kind === "marker" ? [] : [["s3:GetObjectVersionForReplication", source] satisfies [string, BucketConfig]]),
    [ACTIONS[kind], destination],
  ];
  if (tagged) wanted.push(["s3:GetObjectVersionTagging", source], ["s3:ReplicateTags", destination]);
  if (overridesOwner && kind !== "marker") wanted.push(["s3:ObjectOwnerOverrideToBucketOwner", destination]);
  return wanted.find(([action, bucket]) => !mayReplicate(caller, action, bucket, key))?.[0];
}

async function findReplicator(env: Env, source: BucketConfig): Promise<AccountCaller | undefined> {
  const roleArn = source.documents?.replication?.role ?? "";
  const role = parseRoleArn(roleArn);
  if (!role) return undefined;
  const granted = await principalsOf(env).findFunctionRole(role.accountId, role.name);
  return replicatorOf(roleArn, role.accountId, granted, source);
}

interface Rewrapping {
  readonly env: Env;
  readonly caller: AccountCaller;
  readonly source: BucketConfig;
  readonly config: BucketConfig;
  readonly rule: ReplicationRule;
  readonly key: string;
}

/** The data key of a version under the KMS key of its replicas: the bytes stay as they are. */
async function rewrap(
  { env, caller, source, config, rule, key }: Rewrapping,
  record: KmsRecord,
): Promise<KmsRecord | { readonly refused: string }> {
  const keyring = new Keyring(env);
  const ciphertext = parseCiphertext(Buffer.from(record.dataKey, "base64"));
  const name = parseKeyName(rule.destination.kmsKey ?? "", source.accountId);
  if (!ciphertext || !name) return { refused: "there is no such KMS key" };
  const [opening, sealing] = await Promise.all([
    keyring.find({ accountId: ciphertext.accountId, name: ciphertext.keyId }),
    keyring.find(name),
  ]);
  if (opening?.key.state !== "Enabled" || sealing?.key.state !== "Enabled") {
    return { refused: "a KMS key is disabled or gone" };
  }
  const keyId = formatKeyArn(config.region, sealing.accountId, sealing.key.id);
  const context = { ...record.context, "aws:s3:arn": `arn:aws:s3:::${config.name}/${key}` };
  const decrypting = { action: "kms:Decrypt", context: record.context, via: "s3" } as const;
  const encrypting = { action: "kms:Encrypt", context, via: "s3" } as const;
  if (!mayUseKey(caller, opening, decrypting, source.region)) return { refused: "the role may not kms:Decrypt" };
  if (!mayUseKey(caller, sealing, encrypting, config.region)) return { refused: "the role may not kms:Encrypt" };
  const opened = await keyring.decrypt(opening, ciphertext, record.context);
  if (!opened) return { refused: "the data key cannot be opened" };
  const sealed = await keyring.encrypt(sealing, opened.plaintext, context);
  return { ...record, keyId, dataKey: Buffer.from(sealed).toString("base64"), context };
}

/** Each version asks: what a bucket is like is asked once in a while. */
const CONFIGURATION = { fresh: 1_000, usable: 2_000 };

/** Of the isolate, by name. */
const configurations = new TimedCache<BucketConfig | undefined>({ limit: 1000, lifetime: () => CONFIGURATION });

async function findConfig(env: Env, name: string): Promise<BucketConfig | undefined> {
  return configurations.read(name, async () => {
    const entry = await directoryOf(env).findBucket(name);
    if (entry?.state !== "active") return undefined;
    return indexStub(env, entry.bucketId, 0).readConfig();
  });
}
