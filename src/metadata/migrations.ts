/**
 * Brings the tables of an object of any earlier deployment up to date: runs the steps that it has not run
 * yet, each in a transaction. A list of steps is only ever appended to.
 */
export function runMigrations(storage: DurableObjectStorage, steps: readonly string[]): void {
  storage.sql.exec("CREATE TABLE IF NOT EXISTS migrations (step INTEGER PRIMARY KEY)");
  const { done } = storage.sql.exec<{ done: number }>("SELECT COUNT(*) AS done FROM migrations").one();
  for (let step = done; step < steps.length; step++) {
    storage.transactionSync(() => {
      storage.sql.exec(steps[step]!);
      storage.sql.exec("INSERT INTO migrations (step) VALUES (?)", step);
    });
  }
}
