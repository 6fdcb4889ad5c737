/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // Names differ by more than their case; ids are never used again, so that keys and sessions of what was deleted
  // belong to nobody.
  `CREATE TABLE entities (
     kind TEXT NOT NULL,
     name TEXT NOT NULL COLLATE NOCASE,
     id TEXT NOT NULL UNIQUE,
     path TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     boundary TEXT,
     tags TEXT NOT NULL,
     role TEXT,
     PRIMARY KEY (kind, name)
   ) WITHOUT ROWID;

   CREATE TABLE members (
     group_id TEXT NOT NULL,
     user_id TEXT NOT NULL,
     PRIMARY KEY (group_id, user_id)
   ) WITHOUT ROWID;
   CREATE INDEX members_by_user ON members (user_id);

   CREATE TABLE inline_policies (
     entity_id TEXT NOT NULL,
     name TEXT NOT NULL COLLATE NOCASE,
     document TEXT NOT NULL,
     PRIMARY KEY (entity_id, name)
   ) WITHOUT ROWID;

   CREATE TABLE policies (
     arn TEXT PRIMARY KEY,
     id TEXT NOT NULL,
     name TEXT NOT NULL COLLATE NOCASE UNIQUE,
     path TEXT NOT NULL,
     description TEXT NOT NULL,
     tags TEXT NOT NULL,
     default_version INTEGER NOT NULL,
     last_version INTEGER NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL
   ) WITHOUT ROWID;

   CREATE TABLE policy_versions (
     arn TEXT NOT NULL,
     version INTEGER NOT NULL,
     document TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     PRIMARY KEY (arn, version)
   ) WITHOUT ROWID;

   CREATE TABLE attachments (
     entity_id TEXT NOT NULL,
     arn TEXT NOT NULL,
     PRIMARY KEY (entity_id, arn)
   ) WITHOUT ROWID;
   CREATE INDEX attachments_by_policy ON attachments (arn);

   -- Names of roles that were deleted: functions that still name one may do nothing.
   CREATE TABLE retired_roles (name TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;`,
];
