/** Steps that bring the tables of a queue of any earlier deployment up to date. Only ever appended to. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE queue (id INTEGER PRIMARY KEY CHECK (id = 0), record TEXT NOT NULL, purged INTEGER);

   -- visible: from when on it can be received. receipt: of its last receipt.
   CREATE TABLE messages (
     sequence INTEGER PRIMARY KEY,
     id TEXT NOT NULL,
     body TEXT NOT NULL,
     details TEXT NOT NULL,
     group_id TEXT,
     sent INTEGER NOT NULL,
     visible INTEGER NOT NULL,
     receives INTEGER NOT NULL,
     first_received INTEGER,
     receipt TEXT
   );
   CREATE INDEX messages_by_visible ON messages (visible);
   CREATE INDEX messages_by_group ON messages (group_id, sequence) WHERE group_id IS NOT NULL;

   -- What was sent lately, by deduplication id, and taken over, by message id.
   CREATE TABLE sent (
     token TEXT PRIMARY KEY,
     id TEXT NOT NULL,
     sequence INTEGER NOT NULL,
     until INTEGER NOT NULL
   ) WITHOUT ROWID;
   CREATE INDEX sent_by_until ON sent (until);

   -- Messages that were given up, until the dead-letter queue has them.
   CREATE TABLE moves (sequence INTEGER PRIMARY KEY);`,

  `-- Functions that consume the queue: ids of event source mappings, and whose they are.
   CREATE TABLE consumers (id TEXT PRIMARY KEY, account_id TEXT NOT NULL) WITHOUT ROWID;`,

  `-- task: of a move task, which says where they go; null: to the queue's dead-letter queue.
   ALTER TABLE moves ADD COLUMN task TEXT;

   -- running: 1 while there is something to do, from \`due\` on. last: no message behind it is moved.
   CREATE TABLE move_tasks (
     id TEXT PRIMARY KEY,
     record TEXT NOT NULL,
     running INTEGER NOT NULL,
     last INTEGER NOT NULL,
     due INTEGER NOT NULL
   ) WITHOUT ROWID;`,
];

/** Tables of what goes when a queue is deleted; its consumers stay for one that is made under the same name. */
export const CONTENTS: readonly string[] = ["queue", "messages", "sent", "moves", "move_tasks"];

export const DIRECTORY_MIGRATIONS: readonly string[] = [
  `CREATE TABLE queues (name TEXT PRIMARY KEY, dead_letter_queue TEXT) WITHOUT ROWID;
   CREATE INDEX queues_by_target ON queues (dead_letter_queue, name) WHERE dead_letter_queue IS NOT NULL;`,
];
