/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE groups (
     name TEXT PRIMARY KEY,
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     tags TEXT NOT NULL,
     token TEXT
   ) WITHOUT ROWID;

   INSERT INTO groups VALUES ('default', unixepoch() * 1000, unixepoch() * 1000, '{}', NULL);

   -- scheduled: the next time by the expression. due: when it is fired, which a flexible window puts off.
   CREATE TABLE schedules (
     group_name TEXT NOT NULL,
     name TEXT NOT NULL,
     settings TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     modified_at INTEGER NOT NULL,
     token TEXT,
     scheduled INTEGER,
     due INTEGER,
     PRIMARY KEY (group_name, name)
   ) WITHOUT ROWID;
   CREATE INDEX schedules_by_due ON schedules (due) WHERE due IS NOT NULL;

   -- Invocations that are due, until the target has taken them.
   CREATE TABLE firings (
     id TEXT PRIMARY KEY,
     group_name TEXT NOT NULL,
     name TEXT NOT NULL,
     scheduled INTEGER NOT NULL,
     target TEXT NOT NULL,
     attempts INTEGER NOT NULL,
     due INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX firings_by_due ON firings (due);

   CREATE TABLE owner (id INTEGER PRIMARY KEY CHECK (id = 0), account_id TEXT NOT NULL, region TEXT NOT NULL);`,

  `-- Why an invocation was given up, as JSON; it waits for the dead-letter queue.
   ALTER TABLE firings ADD COLUMN failure TEXT;`,
];
