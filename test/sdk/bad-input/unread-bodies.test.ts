import { afterAll, beforeAll, expect, test } from "vitest";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge();
});
afterAll(() => verge.stop());

// A client that writes all of its body before it reads, like fetch: the answer must not be lost with it.
test.each([100_000, 3_000_000])("an upload of %i bytes that is refused hears why", async (size) => {
  for (let round = 0; round < 5; round++) {
    const answer = await fetch(`${verge.endpoint}/no-such-bucket/key`, { method: "PUT", body: Buffer.alloc(size) });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("<Code>NoSuchBucket</Code>");
  }
});
