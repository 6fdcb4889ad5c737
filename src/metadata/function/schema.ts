/** Steps that bring the tables of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  // WITHOUT ROWID: the platform bills written rows, and an index of its own for the primary key is one more.
  `CREATE TABLE functions (
     name TEXT PRIMARY KEY,
     tags TEXT NOT NULL,
     reserved_concurrency INTEGER,
     next_version INTEGER NOT NULL
   ) WITHOUT ROWID;

   -- Number 0 is $LATEST. record: JSON of a FunctionVersion.
   CREATE TABLE versions (
     name TEXT NOT NULL,
     number INTEGER NOT NULL,
     code_id TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (name, number)
   ) WITHOUT ROWID;
   CREATE INDEX versions_by_code ON versions (code_id);

   -- Packages in R2. due: when it is deleted, unless a version refers to it.
   CREATE TABLE codes (
     code_id TEXT PRIMARY KEY,
     size INTEGER NOT NULL,
     due INTEGER
   ) WITHOUT ROWID;
   CREATE INDEX codes_due ON codes (due) WHERE due IS NOT NULL;

   CREATE TABLE aliases (
     function_name TEXT NOT NULL,
     name TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (function_name, name)
   ) WITHOUT ROWID;

   -- qualifier is empty for the function itself, as in the tables below.
   CREATE TABLE policies (
     name TEXT NOT NULL,
     qualifier TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (name, qualifier)
   ) WITHOUT ROWID;

   CREATE TABLE urls (
     name TEXT NOT NULL,
     qualifier TEXT NOT NULL,
     url_id TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL,
     PRIMARY KEY (name, qualifier)
   ) WITHOUT ROWID;`,

  `-- Outlives the versions: their numbers are never given twice.
   CREATE TABLE layers (
     name TEXT PRIMARY KEY,
     next_version INTEGER NOT NULL
   ) WITHOUT ROWID;

   -- record: JSON of a LayerVersion.
   CREATE TABLE layer_versions (
     name TEXT NOT NULL,
     number INTEGER NOT NULL,
     code_id TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (name, number)
   ) WITHOUT ROWID;
   CREATE INDEX layer_versions_by_code ON layer_versions (code_id);

   -- Layers that versions of functions use. record: JSON of a FunctionLayer.
   CREATE TABLE layer_uses (
     name TEXT NOT NULL,
     number INTEGER NOT NULL,
     code_id TEXT NOT NULL,
     arn TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (name, number, code_id)
   ) WITHOUT ROWID;
   CREATE INDEX layer_uses_by_code ON layer_uses (code_id);
   CREATE INDEX layer_uses_by_arn ON layer_uses (arn);`,

  `ALTER TABLE functions ADD COLUMN recursive_loop TEXT;

   -- qualifier is $LATEST for the function itself. record: JSON of an EventConfig.
   CREATE TABLE event_configs (
     function_name TEXT NOT NULL,
     qualifier TEXT NOT NULL,
     record TEXT NOT NULL,
     PRIMARY KEY (function_name, qualifier)
   ) WITHOUT ROWID;`,

  `-- record: JSON of an EventSourceMapping.
   CREATE TABLE event_source_mappings (
     uuid TEXT PRIMARY KEY,
     function_name TEXT NOT NULL,
     source_arn TEXT NOT NULL,
     record TEXT NOT NULL
   ) WITHOUT ROWID;`,
];
