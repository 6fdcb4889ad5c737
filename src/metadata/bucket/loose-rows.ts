/**
 * Removes rows whose owner is gone: their deletion was not exported any more, or waited in the garbage. For the end
 * of a rebuild, in a transaction. Bodies may be millions: their ids are never gathered in memory.
 */
export function dropLooseRows(sql: SqlStorage): void {
  sql.exec("DELETE FROM upload_parts WHERE upload_id NOT IN (SELECT upload_id FROM uploads)");
  dropLooseManifests(sql);
  dropLooseBodies(sql);
}

/** Nothing leads from a manifest to who holds it: the ids that are held are gathered on disk. */
function dropLooseManifests(sql: SqlStorage): void {
  sql.exec("CREATE TABLE held (id TEXT PRIMARY KEY) WITHOUT ROWID");
  for (const table of ["objects", "versions", "pins"]) {
    sql.exec(`INSERT OR IGNORE INTO held SELECT body_id FROM ${table} WHERE body_kind IN ('manifest', 'borrowed')`);
  }
  sql.exec("DELETE FROM manifests WHERE NOT EXISTS (SELECT 1 FROM held WHERE held.id = manifests.id)");
  sql.exec("DROP TABLE held");
}

/** An inline body names the key of its one holder. */
function dropLooseBodies(sql: SqlStorage): void {
  const holder = "body_kind = 'inline' AND body_id = CAST(bodies.id AS TEXT)";
  const under = (table: string) => `SELECT 1 FROM ${table} WHERE key = bodies.key AND ${holder}`;
  // Nearly always a body came with its version, under the same number: a key may have very many versions.
  sql.exec(`DELETE FROM bodies WHERE key IS NOT NULL
    AND NOT EXISTS (${under("objects")})
    AND NOT EXISTS (${under("versions")} AND sequence = bodies.id)
    AND NOT EXISTS (${under("versions")})`);
  // Bodies of the first releases name none. Where there are no such bodies, the ids are not gathered either.
  const ids = (table: string) => `SELECT CAST(body_id AS INTEGER) FROM ${table} WHERE body_kind = 'inline'`;
  sql.exec(`DELETE FROM bodies WHERE key IS NULL AND id NOT IN (${ids("objects")} UNION ALL ${ids("versions")})`);
}
