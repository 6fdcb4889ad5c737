/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // WITHOUT ROWID: the platform bills written rows, and an index of its own for the primary key is one more.
  `-- config: JSON of a DistributionConfig, NULL once deleted. revision: grows with each change of it, or of what
   -- it refers to. pushed: the revision that its object has, since pushed_at.
   CREATE TABLE distributions (
     id TEXT PRIMARY KEY,
     account_id TEXT NOT NULL,
     caller_reference TEXT NOT NULL,
     etag TEXT NOT NULL,
     revision INTEGER NOT NULL,
     pushed INTEGER NOT NULL,
     pushed_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     tags TEXT NOT NULL,
     config TEXT
   ) WITHOUT ROWID;
   CREATE INDEX distributions_by_account ON distributions (account_id, id) WHERE config IS NOT NULL;
   CREATE INDEX distributions_by_reference ON distributions (account_id, caller_reference) WHERE config IS NOT NULL;
   CREATE INDEX distributions_behind ON distributions (id) WHERE pushed < revision;

   -- Lower case.
   CREATE TABLE aliases (
     alias TEXT PRIMARY KEY,
     distribution_id TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX aliases_by_distribution ON aliases (distribution_id);

   -- Policies, keys, functions, …: whatever distributions refer to by an id. record: JSON of its ResourceRecords.
   CREATE TABLE resources (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     account_id TEXT NOT NULL,
     name TEXT NOT NULL,
     etag TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (kind, id)
   ) WITHOUT ROWID;
   CREATE UNIQUE INDEX resources_by_name ON resources (kind, account_id, name);
   CREATE INDEX resources_by_account ON resources (kind, account_id, id);

   -- Which of them refers to what. user_kind: 'distribution', or a kind of resource.
   CREATE TABLE uses (
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     user_kind TEXT NOT NULL,
     user_id TEXT NOT NULL,
     PRIMARY KEY (kind, id, user_kind, user_id)
   ) WITHOUT ROWID;
   CREATE INDEX uses_by_user ON uses (user_kind, user_id);`,
];
