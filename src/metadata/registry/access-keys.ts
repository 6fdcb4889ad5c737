import { findAccount } from "./accounts.ts";
import type { AccessKeyRecord, CreateKeyOutcome, FoundAccessKey, KeyStatus, NewAccessKey } from "./protocol.ts";

/** An account's keys are listed in one answer. */
const MAX_KEYS_PER_ACCOUNT = 100;
/** "IAM and AWS STS quotas": access keys assigned to an IAM user. */
const MAX_KEYS_PER_USER = 2;
/** Every isolate holds the ids of all imported keys. */
const MAX_IMPORTED_KEYS = 1_000;

type KeyRow = {
  access_key_id: string;
  account_id: string;
  sealed_secret: string;
  status: string;
  imported: number;
  created_at: number;
  user_id: string | null;
};

export function createAccessKey(sql: SqlStorage, accountId: string, key: NewAccessKey): CreateKeyOutcome {
  if (!findAccount(sql, accountId)) return { outcome: "not-found" };
  if (findRow(sql, key.accessKeyId)) return { outcome: "exists" };
  if (isFull(sql, accountId, key)) return { outcome: "too-many-keys" };
  const createdAt = Date.now();
  sql.exec(
    `INSERT INTO access_keys (access_key_id, account_id, sealed_secret, status, imported, created_at, user_id)
     VALUES (?, ?, ?, 'Active', ?, ?, ?)`,
    key.accessKeyId,
    accountId,
    key.sealedSecret,
    key.imported ? 1 : 0,
    createdAt,
    key.userId ?? null,
  );
  return { outcome: "ok", key: toRecord(findRow(sql, key.accessKeyId)!) };
}

/** Adds a key in place of another, which stays, Inactive, until it is deleted. */
export function rotateAccessKey(
  sql: SqlStorage,
  accountId: string,
  oldKeyId: string,
  key: NewAccessKey,
): CreateKeyOutcome {
  const old = findOwnKey(sql, accountId, oldKeyId);
  if (!old) return { outcome: "not-found" };
  const { userId } = old;
  const created = createAccessKey(sql, accountId, { ...key, ...(userId !== undefined && { userId }) });
  if (created.outcome === "ok") setAccessKeyStatus(sql, accountId, oldKeyId, "Inactive");
  return created;
}

export function setAccessKeyStatus(
  sql: SqlStorage,
  accountId: string,
  accessKeyId: string,
  status: KeyStatus,
): AccessKeyRecord | undefined {
  if (!findOwnKey(sql, accountId, accessKeyId)) return undefined;
  sql.exec("UPDATE access_keys SET status = ? WHERE access_key_id = ?", status, accessKeyId);
  return findOwnKey(sql, accountId, accessKeyId);
}

export function removeAccessKey(sql: SqlStorage, accountId: string, accessKeyId: string): boolean {
  if (!findOwnKey(sql, accountId, accessKeyId)) return false;
  sql.exec("DELETE FROM access_keys WHERE access_key_id = ?", accessKeyId);
  return true;
}

/** A key of any account, with its account. */
export function findAccessKey(sql: SqlStorage, accessKeyId: string): FoundAccessKey | undefined {
  const row = findRow(sql, accessKeyId);
  const account = row && findAccount(sql, row.account_id);
  return account && { key: toRecord(row), sealedSecret: row.sealed_secret, account };
}

/** The account's own, or those of a user; oldest first. */
export function listAccessKeys(sql: SqlStorage, accountId: string, userId?: string): AccessKeyRecord[] {
  return sql
    .exec<KeyRow>(
      "SELECT * FROM access_keys WHERE account_id = ? AND user_id IS ? ORDER BY created_at, access_key_id",
      accountId,
      userId ?? null,
    )
    .toArray()
    .map(toRecord);
}

export function listImportedKeyIds(sql: SqlStorage): string[] {
  return sql
    .exec<{ access_key_id: string }>("SELECT access_key_id FROM access_keys WHERE imported = 1")
    .toArray()
    .map((row) => row.access_key_id);
}

function findOwnKey(sql: SqlStorage, accountId: string, accessKeyId: string): AccessKeyRecord | undefined {
  const row = findRow(sql, accessKeyId);
  return row?.account_id === accountId ? toRecord(row) : undefined;
}

function findRow(sql: SqlStorage, accessKeyId: string): KeyRow | undefined {
  return sql.exec<KeyRow>("SELECT * FROM access_keys WHERE access_key_id = ?", accessKeyId).toArray()[0];
}

function isFull(sql: SqlStorage, accountId: string, { imported, userId }: NewAccessKey): boolean {
  const limit = userId === undefined ? MAX_KEYS_PER_ACCOUNT : MAX_KEYS_PER_USER;
  if (listAccessKeys(sql, accountId, userId).length >= limit) return true;
  if (!imported) return false;
  const all = sql.exec<{ total: number }>("SELECT COUNT(*) AS total FROM access_keys WHERE imported = 1").one();
  return all.total >= MAX_IMPORTED_KEYS;
}

function toRecord(row: KeyRow): AccessKeyRecord {
  return {
    accessKeyId: row.access_key_id,
    accountId: row.account_id,
    status: row.status as KeyStatus,
    createdAt: row.created_at,
    imported: row.imported === 1,
    ...(row.user_id !== null && { userId: row.user_id }),
  };
}
