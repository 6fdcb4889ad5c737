/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // Whose events they are: an alarm is told no name.
  `CREATE TABLE target (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     account_id TEXT NOT NULL,
     function_name TEXT NOT NULL
   );

   -- What was accepted, or the record that is to be delivered. It does not change from attempt to attempt, and
   -- lies apart from what does: SQLite rewrites whole rows. A row takes 2 MB: longer payloads have several
   -- parts. head: JSON of the rest, in part 0.
   CREATE TABLE accepted (
     id TEXT NOT NULL,
     part INTEGER NOT NULL,
     head TEXT,
     bytes BLOB NOT NULL,
     PRIMARY KEY (id, part)
   ) WITHOUT ROWID;

   -- One row an event. due: from when on it may be worked at; of one that is leased, when the lease ends.
   -- Due and id together name a lease: the next one of the same event ends later.
   CREATE TABLE agenda (
     due INTEGER NOT NULL,
     id TEXT NOT NULL,
     leased INTEGER NOT NULL,
     attempts INTEGER NOT NULL,
     failures INTEGER NOT NULL,
     delays INTEGER NOT NULL,
     PRIMARY KEY (due, id)
   ) WITHOUT ROWID;`,
];
