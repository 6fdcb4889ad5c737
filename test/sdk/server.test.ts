import { afterAll, beforeAll, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge();
});
afterAll(() => verge.stop());

test("serves again on the same port after workerd is killed", async () => {
  const before = verge.pid;
  await verge.kill();
  const health = await fetch(`${verge.endpoint}/_verge/health`);
  expect(health.status).toBe(200);
  expect(verge.pid).not.toBe(before);
});

test("runs the scheduled handler", async () => {
  await expect(verge.scheduled()).resolves.toBeUndefined();
});
