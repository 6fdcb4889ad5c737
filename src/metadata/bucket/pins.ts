export function isRefusedCopy(sql: SqlStorage, id: string): boolean {
  return sql.exec("SELECT 1 FROM refused_copies WHERE id = ?", id).raw().next().done !== true;
}
