import { SELF } from "cloudflare:test";
import { expect, test } from "vitest";

test("answers the health check", async () => {
  const response = await SELF.fetch("http://localhost/_verge/health");
  expect(response.status).toBe(200);
});
