import { runInDurableObject } from "cloudflare:test";
import type { BucketNotifications } from "../../../src/metadata/bucket/documents.ts";
import type { EventContext } from "../../../src/metadata/bucket/event-record.ts";
import type { BucketConfig } from "../../../src/metadata/bucket/protocol.ts";
import { createIndex, type Fixture, useIndex } from "./index-fixture.ts";

/** Of a service that takes no events: they are dropped once they are delivered, and nobody is called. */
export const NOBODY = "arn:aws:none:us-east-1:000000000001:nobody";

export const toEverything = (destination: string): BucketNotifications => ({
  subscriptions: [
    { id: "all", destination, events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:ObjectTagging:*"] },
  ],
  eventBridge: false,
});

/** An index object of a bucket that notifies somebody. */
export async function createSubscribed(notifications: BucketNotifications): Promise<Fixture> {
  const index = await createIndex();
  const config: BucketConfig = { ...index.config, revision: 2, documents: { notifications } };
  await index.api.changeConfig({ revision: 1, config });
  return useIndex(config);
}

/** What the Worker says of a request for that operation. */
export const describeContext = (operation: string): EventContext => ({
  operation,
  requestId: "REQUEST",
  hostId: "HOST",
  principalId: "AWS:000000000001",
  sourceAddress: "192.0.2.1",
});

/** Events that wait. */
export function countEvents(index: Fixture): Promise<number> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) =>
    Number(sql.exec("SELECT count(*) AS n FROM events").one()["n"]),
  );
}

/** Runs one change inside the object and reads what it queued, before anything can leave. */
export async function queuedBy(index: Fixture, change: () => Promise<unknown>): Promise<string[]> {
  const inserted: string[] = [];
  let restore: () => void = () => undefined;
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    const prototype = Object.getPrototypeOf(sql) as SqlStorage;
    const exec = Reflect.get(prototype, "exec");
    prototype.exec = function watch(this: SqlStorage, ...parameters: Parameters<SqlStorage["exec"]>) {
      if (parameters[0].startsWith("INSERT INTO events")) inserted.push(String(parameters[4]));
      return exec.apply(this, parameters);
    } as SqlStorage["exec"];
    restore = () => {
      prototype.exec = exec;
    };
  });
  try {
    await change();
  } finally {
    restore();
  }
  return inserted;
}
