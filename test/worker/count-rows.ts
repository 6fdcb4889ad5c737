import { runInDurableObject } from "cloudflare:test";

/**
 * Rows that objects write while `work` runs, counted as the platform bills them. Tests and objects share an
 * isolate, so that the class of all `sql` objects can be watched from any of them.
 */
export async function countRows(anyObject: DurableObjectStub, work: () => Promise<unknown>): Promise<number> {
  let rowsWritten = 0;
  let restore: () => void = () => undefined;
  await runInDurableObject(anyObject, (_, { storage: { sql } }) => {
    const prototype = Object.getPrototypeOf(sql) as SqlStorage;
    const exec = Reflect.get(prototype, "exec");
    prototype.exec = function count(this: SqlStorage, ...parameters: Parameters<SqlStorage["exec"]>) {
      const cursor = exec.apply(this, parameters);
      rowsWritten += cursor.rowsWritten;
      return cursor;
    } as SqlStorage["exec"];
    restore = () => {
      prototype.exec = exec;
    };
  });
  try {
    await work();
  } finally {
    restore();
  }
  return rowsWritten;
}
