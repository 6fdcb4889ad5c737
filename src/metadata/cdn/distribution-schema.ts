/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // compiled: JSON of a CompiledDistribution, NULL once the distribution is deleted. folded: JSON of
  // InvalidationRecords made of those up to number folded_through.
  `CREATE TABLE state (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     configuration_revision INTEGER NOT NULL,
     revision INTEGER NOT NULL,
     compiled TEXT,
     last_number INTEGER NOT NULL DEFAULT 0,
     folded_through INTEGER NOT NULL DEFAULT 0,
     folded TEXT NOT NULL DEFAULT '[]'
   );

   -- record: JSON of an Invalidation.
   CREATE TABLE invalidations (
     number INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     caller_reference TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     record TEXT NOT NULL
   );`,
  // JSON of a Protection.
  "ALTER TABLE state ADD COLUMN protection TEXT",
];
