import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge, type Verge } from "../support/server.ts";
import { browser, BROWSER_OPTIONS } from "./browser.ts";
import { createWorkspace, type Workspace } from "./program.ts";

describe.skipIf(browser === "")("the page of a deployment in a browser", () => {
  let verge: Verge;
  let work: Workspace;
  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace();
  });
  afterAll(async () => {
    work.remove();
    await verge.stop();
  });

  test("shows the first command with this address in it, and complains of nothing", async () => {
    const options = [...BROWSER_OPTIONS, `--user-data-dir=${work.path("profile")}`, "--enable-logging=stderr"];
    const page = `${verge.endpoint}/_verge/`;
    const { stdout, stderr } = await work.run(browser, [...options, "--virtual-time-budget=5000", "--dump-dom", page]);
    expect(stdout).toContain(`aws --endpoint-url ${verge.endpoint} s3 ls`);
    expect(stderr).not.toMatch(/Refused|Content Security Policy|:CONSOLE/);
  });
});
