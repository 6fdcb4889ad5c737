import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import type { BucketIndex } from "../../../src/metadata/bucket/bucket-index.ts";
import type { Fixture } from "./index-fixture.ts";

/** Makes everything due that waits, and lets the alarm do it: what is freed is deleted in R2 in the end. */
export async function passTime(index: Fixture): Promise<void> {
  // Export makes garbage of what was freed; collecting it may release pins elsewhere.
  for (let round = 0; round < 3; round++) await ringAlarm(index);
}

/** One alarm, with these duties due. The object is started anew, as it would be after a long time. */
export async function ringAlarm(index: Fixture, duties = ["export", "garbage", "pins", "outbox"]): Promise<void> {
  await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    sql.exec("UPDATE pins SET at = 1");
    sql.exec("UPDATE garbage SET due = 1");
    for (const duty of duties) sql.exec("INSERT OR REPLACE INTO due VALUES (?, 1)", duty);
  });
  await evictDurableObject(index.stub);
  await runInDurableObject(index.stub, (instance: BucketIndex) => instance.alarm());
}
