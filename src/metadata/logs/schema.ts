/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // Ids of groups are never used again: packs in R2 are named by them.
  `CREATE TABLE groups (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     retention_days INTEGER,
     class TEXT NOT NULL,
     protected INTEGER NOT NULL,
     tags TEXT NOT NULL
   );

   -- Times are of the events in packs; those of recent segments come on top.
   -- WITHOUT ROWID, here and below: the platform bills written rows, and an index of its own is one more.
   CREATE TABLE streams (
     group_id INTEGER NOT NULL,
     name TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     first_at INTEGER,
     last_at INTEGER,
     ingested_at INTEGER,
     PRIMARY KEY (group_id, name)
   ) WITHOUT ROWID;

   -- Segments as they arrived: one row each, and no other write. The body comes last, where a scan skips it.
   CREATE TABLE recent (
     group_id INTEGER NOT NULL,
     first_at INTEGER NOT NULL,
     id INTEGER NOT NULL,
     stream TEXT NOT NULL,
     last_at INTEGER NOT NULL,
     ingested_at INTEGER NOT NULL,
     size INTEGER NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (group_id, first_at, id, stream)
   ) WITHOUT ROWID;

   -- Objects in R2, each of many segments that were recent once.
   CREATE TABLE packs (
     group_id INTEGER NOT NULL,
     first_at INTEGER NOT NULL,
     key TEXT NOT NULL,
     last_at INTEGER NOT NULL,
     size INTEGER NOT NULL,
     PRIMARY KEY (group_id, first_at, key)
   ) WITHOUT ROWID;

   -- Objects in R2 that belong to nothing any more.
   CREATE TABLE garbage (key TEXT PRIMARY KEY) WITHOUT ROWID;`,
];
