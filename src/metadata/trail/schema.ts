/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // What is looked for, in the order of the answers. Records stand apart: a search reads these rows alone, and an
  // index for each attribute would cost eight written rows an event instead of two.
  `CREATE TABLE events (
     time INTEGER NOT NULL,
     event_id TEXT NOT NULL,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     source TEXT NOT NULL,
     read_only INTEGER NOT NULL,
     username TEXT NOT NULL,
     access_key_id TEXT NOT NULL,
     resources TEXT NOT NULL,
     PRIMARY KEY (time, event_id)
   ) WITHOUT ROWID;

   CREATE TABLE records (
     event_id TEXT PRIMARY KEY,
     record TEXT NOT NULL
   ) WITHOUT ROWID;

   -- How many events there are: counting them reads all.
   CREATE TABLE kept (
     kind TEXT PRIMARY KEY,
     events INTEGER NOT NULL
   ) WITHOUT ROWID;`,
];
