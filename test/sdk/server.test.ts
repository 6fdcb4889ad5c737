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

test.each(["/_verge", "/_verge/", "/_verge/index.html"])("has a page for people at %s", async (path) => {
  const page = await fetch(verge.endpoint + path);
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  const html = await page.text();
  // The policy of the page allows nothing inline.
  expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(html).not.toMatch(/<style|<script>/);
  const parts = [...html.matchAll(/(?:href|src)="(\/_verge\/[^"]+)"/g)].map(([, address]) => address!);
  expect(parts.length).toBeGreaterThan(2);
  for (const part of parts) expect((await fetch(verge.endpoint + part)).status, part).toBe(200);
});

test("has no other pages", async () => {
  const missing = await fetch(`${verge.endpoint}/_verge/nothing.html`);
  expect(missing.status).toBe(404);
  expect((await fetch(`${verge.endpoint}/_verge/`, { method: "POST" })).status).toBe(405);
});
