import { describe, expect, it } from "vitest";
import { checkDeployment } from "../../../src/auth/deployment.ts";

const complete = {
  VERGE_ROOT_ACCESS_KEY_ID: "ROOT",
  VERGE_ROOT_SECRET_ACCESS_KEY: "0123456789abcdef",
  VERGE_MASTER_KEY: "0123456789abcdef0123456789abcdef",
};

describe("checkDeployment", () => {
  it("has nothing to say about a complete deployment", () => {
    expect(checkDeployment(complete)).toBeUndefined();
  });

  it.each(Object.keys(complete))("names %s and the command that sets it when it is missing", (name) => {
    const complaint = checkDeployment({ ...complete, [name]: undefined });
    expect(complaint).toContain(`${name}, `);
    expect(complaint).toContain(`wrangler secret put ${name}`);
    expect(complaint?.match(/secret put/g)).toHaveLength(1);
  });

  it.each([
    [{ VERGE_ROOT_ACCESS_KEY_ID: "ab" }],
    [{ VERGE_ROOT_ACCESS_KEY_ID: "with/slash" }],
    [{ VERGE_ROOT_SECRET_ACCESS_KEY: "0123456789abcde" }],
    [{ VERGE_MASTER_KEY: "0123456789abcdef0123456789abcde" }],
  ])("refuses %o without repeating it", (override) => {
    const complaint = checkDeployment({ ...complete, ...override });
    expect(complaint).toContain(Object.keys(override)[0]);
    expect(complaint).not.toContain(`${Object.values(override)[0]}`);
  });
});
