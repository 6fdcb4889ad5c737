/**
 * Tables of an index object. WITHOUT ROWID where a natural key exists, because each row then costs one
 * row written and not two. Text is compared by the BINARY collation: the order of its UTF-8 bytes. Keys
 * are bound and compared only, never handed to a string function of SQL: NUL would end them there.
 */
const TABLES = [
  // The bucket's configuration, and whether this object serves it (config.ts).
  `CREATE TABLE IF NOT EXISTS bucket (
     id INTEGER PRIMARY KEY CHECK (id = 0),
     config TEXT NOT NULL,
     shard INTEGER NOT NULL,
     status TEXT NOT NULL,
     until INTEGER NOT NULL
   )`,
  // Live current versions, one a key. What listings read comes first, so that they never touch the pages
  // on which long attributes overflow.
  `CREATE TABLE IF NOT EXISTS objects (
     key TEXT PRIMARY KEY,
     sequence INTEGER NOT NULL,
     version_id TEXT NOT NULL,
     size INTEGER NOT NULL,
     etag TEXT NOT NULL,
     modified INTEGER NOT NULL,
     storage_class TEXT NOT NULL,
     owner TEXT NOT NULL,
     checksum TEXT,
     body_kind TEXT NOT NULL,
     body_id TEXT NOT NULL,
     parts INTEGER,
     attributes TEXT NOT NULL
   ) WITHOUT ROWID`,
  // Everything else that a key has: noncurrent versions, and delete markers (body_kind 'marker') also when
  // they are the latest. ListObjects never wades through them.
  `CREATE TABLE IF NOT EXISTS versions (
     key TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     version_id TEXT NOT NULL,
     size INTEGER NOT NULL,
     etag TEXT NOT NULL,
     modified INTEGER NOT NULL,
     storage_class TEXT NOT NULL,
     owner TEXT NOT NULL,
     checksum TEXT,
     body_kind TEXT NOT NULL,
     body_id TEXT NOT NULL,
     parts INTEGER,
     attributes TEXT NOT NULL,
     PRIMARY KEY (key, sequence DESC)
   ) WITHOUT ROWID`,
  // A key has at most one null version. The others are found by the sequence in their ids, replicas by an index
  // that is made with the first of them (replicas.ts).
  "CREATE INDEX IF NOT EXISTS null_versions ON versions (key) WHERE version_id = 'null'",
  // Inline bodies, apart from the rows so that listings do not read them. Packing finds the version by its key.
  `CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, key TEXT)`,
  // Bodies of several extents, in chunks of parts: a range reads only the chunks that it overlaps.
  `CREATE TABLE IF NOT EXISTS manifests (
     id TEXT NOT NULL,
     first_part INTEGER NOT NULL,
     offset INTEGER NOT NULL,
     length INTEGER NOT NULL,
     parts TEXT NOT NULL,
     PRIMARY KEY (id, first_part)
   ) WITHOUT ROWID`,
  // Holders of bodies that have, or had, more than one (references.ts).
  `CREATE TABLE IF NOT EXISTS refs (
     body_id TEXT NOT NULL,
     holder INTEGER NOT NULL,
     PRIMARY KEY (body_id, holder)
   ) WITHOUT ROWID`,
  // Bodies kept for copies in other index objects. The state leads the key: pending pins are few and are
  // looked for, confirmed ones may be many.
  `CREATE TABLE IF NOT EXISTS pins (
     state TEXT NOT NULL,
     copy_id TEXT NOT NULL,
     holder INTEGER NOT NULL,
     body_kind TEXT NOT NULL,
     body_id TEXT NOT NULL,
     destination_bucket TEXT NOT NULL,
     destination_shard INTEGER NOT NULL,
     at INTEGER NOT NULL,
     PRIMARY KEY (state, copy_id)
   ) WITHOUT ROWID`,
  // Copies into this object that their source's owner was told will not come.
  `CREATE TABLE IF NOT EXISTS refused_copies (id TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS uploads (
     key TEXT NOT NULL,
     upload_id TEXT NOT NULL,
     initiated INTEGER NOT NULL,
     initiator TEXT NOT NULL,
     storage_class TEXT NOT NULL,
     checksum_algorithm TEXT,
     checksum_type TEXT,
     attributes TEXT NOT NULL,
     owner TEXT,
     PRIMARY KEY (key, upload_id)
   ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS upload_parts (
     upload_id TEXT NOT NULL,
     part_number INTEGER NOT NULL,
     size INTEGER NOT NULL,
     etag TEXT NOT NULL,
     modified INTEGER NOT NULL,
     blob TEXT NOT NULL,
     checksum TEXT,
     PRIMARY KEY (upload_id, part_number)
   ) WITHOUT ROWID`,
  // What CompleteMultipartUpload answered: clients repeat it after a lost answer, even hours later.
  `CREATE TABLE IF NOT EXISTS completed_uploads (
     upload_id TEXT PRIMARY KEY,
     key TEXT NOT NULL,
     at INTEGER NOT NULL,
     object TEXT NOT NULL
   ) WITHOUT ROWID`,
  // One row a mutation (journal.ts).
  `CREATE TABLE IF NOT EXISTS journal (
     sequence INTEGER PRIMARY KEY,
     operation_id TEXT NOT NULL,
     at INTEGER NOT NULL,
     touched TEXT NOT NULL,
     freed TEXT,
     outcome TEXT
   )`,
  // Bodies that nothing references, waiting out the recovery window (garbage.ts).
  `CREATE TABLE IF NOT EXISTS garbage (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     due INTEGER NOT NULL
   ) WITHOUT ROWID`,
  `CREATE INDEX IF NOT EXISTS garbage_by_due ON garbage (due)`,
  // Messages that a commit causes, until they are delivered (outbox.ts).
  `CREATE TABLE IF NOT EXISTS outbox (
     id INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     payload TEXT NOT NULL,
     at INTEGER NOT NULL
   )`,
  // Events of objects, until their destination has taken them (events.ts). Apart from the outbox and in the order
  // of the destinations, so that one which takes none keeps nothing else waiting.
  `CREATE TABLE IF NOT EXISTS events (
     destination TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     position INTEGER NOT NULL,
     payload TEXT NOT NULL,
     trace TEXT,
     PRIMARY KEY (destination, sequence, position)
   ) WITHOUT ROWID`,
  // Versions on their way to other buckets (replicate.ts): in the order of the destinations, as events are.
  `CREATE TABLE IF NOT EXISTS replications (
     destination TEXT NOT NULL,
     change INTEGER NOT NULL,
     position INTEGER NOT NULL,
     key TEXT NOT NULL,
     version_id TEXT NOT NULL,
     rule TEXT NOT NULL,
     whole INTEGER NOT NULL,
     at INTEGER NOT NULL,
     PRIMARY KEY (destination, change, position)
   ) WITHOUT ROWID`,
  // When the alarm has what to do (due.ts).
  `CREATE TABLE IF NOT EXISTS due (kind TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`,
  // How far a refresh of the exported journal is (refresh.ts).
  `CREATE TABLE IF NOT EXISTS refresh (
     id INTEGER PRIMARY KEY CHECK (id = 0),
     start INTEGER NOT NULL,
     page INTEGER NOT NULL,
     position TEXT
   )`,
  // How far the daily walk of the lifecycle rules is (lifecycle.ts).
  "CREATE TABLE IF NOT EXISTS lifecycle (id INTEGER PRIMARY KEY CHECK (id = 0), walk TEXT NOT NULL)",
  // Inventory reports under way (inventory.ts).
  "CREATE TABLE IF NOT EXISTS inventory (id TEXT PRIMARY KEY, run TEXT NOT NULL) WITHOUT ROWID",
  // Named numbers: how far the journal is exported, and the like.
  `CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID`,
] as const;

/** Creates what is missing. */
export function createTables(sql: SqlStorage): void {
  for (const statement of TABLES) sql.exec(statement);
}

/** Adds the tables that an earlier version did not have, and what its tables lack. */
export function upgradeTables(sql: SqlStorage): void {
  createTables(sql);
  // Bodies from before have none, and stay where they are.
  addColumn(sql, "bodies", "key");
  addColumn(sql, "uploads", "owner");
}

function addColumn(sql: SqlStorage, table: "bodies" | "uploads", column: string): void {
  const { found } = sql
    .exec<{ found: number }>("SELECT count(*) AS found FROM pragma_table_info(?) WHERE name = ?", table, column)
    .one();
  if (found === 0) sql.exec(`ALTER TABLE ${table} ADD COLUMN ${column} TEXT`);
}

/**
 * Whether the tables exist. An object that was never created must not create them: a call under an
 * unknown bucket id would leave a database behind.
 */
export function tablesExist(sql: SqlStorage): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bucket'").raw().next().done !== true;
}

type Counter =
  | "exported"
  | "replicas"
  | "packed"
  | "sequence_floor"
  | "segments"
  | "segment_characters"
  | "refresh_characters"
  | "inventory_day";

export function readCounter(sql: SqlStorage, name: Counter): number {
  const row = sql.exec<{ value: number }>("SELECT value FROM counters WHERE name = ?", name).next();
  return row.done ? 0 : row.value.value;
}

export function writeCounter(sql: SqlStorage, name: Counter, value: number): void {
  sql.exec(
    "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
    name,
    value,
  );
}
