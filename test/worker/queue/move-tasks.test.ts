import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { queueOf } from "../../../src/metadata/queue/client.ts";
import { newMessage } from "./new-message.ts";

const accountId = "123456789012";
const DEAD = { accountId, name: "dead" };
const TARGET = { accountId, name: "target" };
const stub = () => env.QUEUES.getByName(`${accountId}:${DEAD.name}`);
const ring = () => runDurableObjectAlarm(stub());

afterEach(() => reset());

it("a move task that is cut off between the other queue's answer and its end moves each message once", async () => {
  await queueOf(env, DEAD).create(DEAD, {}, {});
  await queueOf(env, TARGET).create(TARGET, {}, {});
  await queueOf(env, DEAD).send([newMessage("a"), newMessage("b")]);
  await queueOf(env, DEAD).startMoveTask({ destination: TARGET });
  const tables = ["messages", "move_tasks"];
  await runInDurableObject(stub(), (_, { storage }) => {
    for (const table of tables) storage.sql.exec(`CREATE TABLE before_${table} AS SELECT * FROM ${table}`);
  });
  await ring();
  await runInDurableObject(stub(), async (_, { storage }) => {
    for (const table of tables) storage.sql.exec(`DELETE FROM ${table}`);
    for (const table of tables) storage.sql.exec(`INSERT INTO ${table} SELECT * FROM before_${table}`);
    await storage.setAlarm(Date.now() + 60_000);
  });
  await ring();
  await ring();
  const [task] = (await queueOf(env, DEAD).listMoveTasks(1))!;
  expect(task).toMatchObject({ status: "COMPLETED", toMove: 2 });
  const there = (await queueOf(env, TARGET).receive({ limit: 10, waitSeconds: 0 }))!;
  expect(there.map(({ body }) => body).toSorted()).toEqual(["a", "b"]);
  expect(await queueOf(env, DEAD).describe()).toMatchObject({ visible: 0, inFlight: 0 });
});
