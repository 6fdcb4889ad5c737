/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE keys (
     id TEXT PRIMARY KEY,
     material TEXT NOT NULL,
     state TEXT NOT NULL,
     description TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     deleted_at INTEGER,
     tags TEXT NOT NULL,
     manager TEXT NOT NULL
   ) WITHOUT ROWID;

   CREATE TABLE aliases (
     name TEXT PRIMARY KEY,
     key_id TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     updated_at INTEGER NOT NULL
   ) WITHOUT ROWID;`,
  // Keys that Verge made for a service rotate every year.
  `ALTER TABLE keys ADD COLUMN rotation_days INTEGER;
   ALTER TABLE keys ADD COLUMN rotates_at INTEGER;
   ALTER TABLE keys ADD COLUMN rotations TEXT NOT NULL DEFAULT '[]';
   UPDATE keys SET rotation_days = 365, rotates_at = created_at + 365 * 86400000 WHERE manager = 'AWS';`,
  "ALTER TABLE keys ADD COLUMN policy TEXT;",
];
