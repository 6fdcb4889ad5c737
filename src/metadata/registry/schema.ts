import { runMigrations } from "../migrations.ts";

/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
const MIGRATIONS: readonly string[] = [
  // WITHOUT ROWID: the platform bills written rows, and an index of its own for the primary key is one more.
  `CREATE TABLE accounts (
     id TEXT PRIMARY KEY,
     canonical_id TEXT NOT NULL UNIQUE,
     name TEXT NOT NULL,
     display_name TEXT NOT NULL,
     email TEXT NOT NULL,
     root INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX accounts_by_email ON accounts (email COLLATE NOCASE) WHERE email <> '';
   CREATE UNIQUE INDEX accounts_root ON accounts (root) WHERE root = 1;

   CREATE TABLE access_keys (
     access_key_id TEXT PRIMARY KEY,
     account_id TEXT NOT NULL,
     sealed_secret TEXT NOT NULL,
     status TEXT NOT NULL,
     imported INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX access_keys_by_account ON access_keys (account_id);
   CREATE INDEX access_keys_imported ON access_keys (imported) WHERE imported = 1;

   CREATE TABLE buckets (
     name TEXT PRIMARY KEY,
     bucket_id TEXT NOT NULL,
     account_id TEXT NOT NULL,
     region TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     shards INTEGER NOT NULL,
     state TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX buckets_by_account ON buckets (account_id, name);

   CREATE TABLE audit (
     sequence INTEGER PRIMARY KEY AUTOINCREMENT,
     at INTEGER NOT NULL,
     request_id TEXT NOT NULL,
     account_id TEXT NOT NULL,
     access_key_id TEXT NOT NULL,
     source TEXT NOT NULL,
     action TEXT NOT NULL,
     target TEXT NOT NULL,
     outcome TEXT NOT NULL
   );`,
  // Housekeeping: when a bucket's state changed and when it was last swept, what is left of deleted buckets,
  // how far rebuilds have come.
  `ALTER TABLE buckets ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE buckets ADD COLUMN swept_at INTEGER NOT NULL DEFAULT 0;
   CREATE INDEX buckets_unsettled ON buckets (changed_at) WHERE state <> 'active';
   CREATE INDEX buckets_by_sweep ON buckets (swept_at);

   CREATE TABLE deleted_buckets (
     bucket_id TEXT PRIMARY KEY,
     shards INTEGER NOT NULL,
     swept_at INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX deleted_buckets_by_sweep ON deleted_buckets (swept_at);

   CREATE TABLE rebuilds (
     bucket_id TEXT NOT NULL,
     shard INTEGER NOT NULL,
     step INTEGER NOT NULL,
     finished INTEGER NOT NULL,
     touched_at INTEGER NOT NULL,
     leased_until INTEGER NOT NULL,
     progress TEXT NOT NULL,
     PRIMARY KEY (bucket_id, shard)
   ) WITHOUT ROWID;
   CREATE INDEX rebuilds_unfinished ON rebuilds (touched_at) WHERE finished = 0;`,
  // What is blocked in all buckets of an account, as JSON.
  `ALTER TABLE accounts ADD COLUMN public_access_block TEXT;`,
  // The unique id of the user whose key it is; the account's own keys have none.
  `ALTER TABLE access_keys ADD COLUMN user_id TEXT;`,
];

/** Brings the tables up to date. */
export function migrate(storage: DurableObjectStorage): void {
  runMigrations(storage, MIGRATIONS);
}
