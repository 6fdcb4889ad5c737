/** The distribution that answers for a host: by that alias, or by the longest wildcard above it. */
export function findAlias(sql: SqlStorage, host: string): string | undefined {
  for (const alias of [host, ...wildcardsAbove(host)]) {
    const [row] = sql.exec<{ id: string }>("SELECT distribution_id AS id FROM aliases WHERE alias = ?", alias);
    if (row) return row.id;
  }
  return undefined;
}

/** `a.b.example.com` → `*.b.example.com`, `*.example.com`, `*.com`. */
function wildcardsAbove(host: string): string[] {
  const labels = host.split(".");
  return labels.slice(1).map((_, index) => ["*", ...labels.slice(index + 1)].join("."));
}
