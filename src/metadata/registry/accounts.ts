import { hkdfSync } from "node:crypto";
import type { PublicAccessBlock } from "../bucket/documents.ts";
import { countBuckets, removeStaleReservations } from "./buckets.ts";
import type { AccountRecord, NewAccount, Page, RemoveAccountOutcome } from "./protocol.ts";

/** A CreateBucket that has not finished after an hour never will. */
const RESERVATION_LIFETIME_MS = 3_600_000;

type AccountRow = {
  id: string;
  canonical_id: string;
  name: string;
  display_name: string;
  email: string;
  root: number;
  created_at: number;
  public_access_block: string | null;
};

/**
 * Makes the root account when the registry is new. Its ids follow from the master key, so that a registry
 * rebuilt from nothing gives the root account those that its buckets and objects carry; from then on the
 * row counts, and a new master key changes nothing.
 */
export function ensureRootAccount(sql: SqlStorage, masterKey: string | undefined): void {
  if (sql.exec("SELECT id FROM accounts WHERE root = 1").toArray().length > 0) return;
  const seed = masterKey ?? crypto.randomUUID();
  insertAccount(sql, {
    id: toAccountId(Buffer.from(hkdfSync("sha256", seed, "", "verge root account id", 8)).readBigUInt64BE()),
    canonicalId: Buffer.from(hkdfSync("sha256", seed, "", "verge root canonical id", 32)).toString("hex"),
    name: "root",
    displayName: "root",
    email: "",
    root: true,
    createdAt: Date.now(),
  });
}

/** Adds an account, or says which of its unique values another one has. */
export function createAccount(
  sql: SqlStorage,
  account: NewAccount,
): { readonly account: AccountRecord } | { readonly taken: "canonicalId" | "email" } {
  if (account.canonicalId !== undefined && findAccountByCanonicalId(sql, account.canonicalId))
    return { taken: "canonicalId" };
  if (account.email && findAccountByEmail(sql, account.email)) return { taken: "email" };
  const created: AccountRecord = {
    id: createFreeId(sql),
    canonicalId: account.canonicalId ?? Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex"),
    name: account.name,
    displayName: account.displayName,
    email: account.email ?? "",
    root: false,
    createdAt: Date.now(),
  };
  insertAccount(sql, created);
  return { account: created };
}

/** Removes an account and its keys, unless it owns buckets. */
export function removeAccount(sql: SqlStorage, id: string): RemoveAccountOutcome {
  const account = findAccount(sql, id);
  if (!account) return { outcome: "not-found" };
  if (account.root) return { outcome: "is-root" };
  removeStaleReservations(sql, id, Date.now() - RESERVATION_LIFETIME_MS);
  const buckets = countBuckets(sql, id);
  if (buckets > 0) return { outcome: "owns-buckets", buckets };
  const keys = sql
    .exec<{ access_key_id: string }>("DELETE FROM access_keys WHERE account_id = ? RETURNING access_key_id", id)
    .toArray();
  sql.exec("DELETE FROM accounts WHERE id = ?", id);
  return { outcome: "ok", accessKeyIds: keys.map((key) => key.access_key_id) };
}

export function findRootAccount(sql: SqlStorage): AccountRecord {
  return toAccount(sql.exec<AccountRow>("SELECT * FROM accounts WHERE root = 1").one());
}

export function findAccount(sql: SqlStorage, id: string): AccountRecord | undefined {
  const [row] = sql.exec<AccountRow>("SELECT * FROM accounts WHERE id = ?", id).toArray();
  return row && toAccount(row);
}

export function findAccountByCanonicalId(sql: SqlStorage, canonicalId: string): AccountRecord | undefined {
  const [row] = sql.exec<AccountRow>("SELECT * FROM accounts WHERE canonical_id = ?", canonicalId).toArray();
  return row && toAccount(row);
}

export function findAccountByEmail(sql: SqlStorage, email: string): AccountRecord | undefined {
  const [row] = sql
    .exec<AccountRow>("SELECT * FROM accounts WHERE email = ? COLLATE NOCASE AND email <> ''", email)
    .toArray();
  return row && toAccount(row);
}

/** In the order of their ids. */
export function listAccounts(sql: SqlStorage, after: string, limit: number): Page<AccountRecord> {
  const rows = sql
    .exec<AccountRow>("SELECT * FROM accounts WHERE id > ? ORDER BY id LIMIT ?", after, limit + 1)
    .toArray();
  const items = rows.slice(0, limit).map(toAccount);
  const last = items.at(-1);
  return rows.length > limit && last ? { items, next: last.id } : { items };
}

export function setPublicAccessBlock(sql: SqlStorage, id: string, block: PublicAccessBlock | undefined): void {
  sql.exec("UPDATE accounts SET public_access_block = ? WHERE id = ?", block ? JSON.stringify(block) : null, id);
}

function createFreeId(sql: SqlStorage): string {
  for (;;) {
    const id = toAccountId(crypto.getRandomValues(new BigUint64Array(1))[0]!);
    if (!findAccount(sql, id)) return id;
  }
}

/** Twelve digits, the first of them not 0: some tools read account ids as numbers. */
function toAccountId(random: bigint): string {
  return String(100_000_000_000n + (random % 900_000_000_000n));
}

function insertAccount(sql: SqlStorage, account: AccountRecord): void {
  sql.exec(
    `INSERT INTO accounts (id, canonical_id, name, display_name, email, root, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    account.id,
    account.canonicalId,
    account.name,
    account.displayName,
    account.email,
    account.root ? 1 : 0,
    account.createdAt,
  );
}

function toAccount(row: AccountRow): AccountRecord {
  return {
    id: row.id,
    canonicalId: row.canonical_id,
    name: row.name,
    displayName: row.display_name,
    email: row.email,
    root: row.root === 1,
    createdAt: row.created_at,
    ...(row.public_access_block !== null && {
      publicAccessBlock: JSON.parse(row.public_access_block) as PublicAccessBlock,
    }),
  };
}
