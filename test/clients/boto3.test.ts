import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, findProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const script = join(import.meta.dirname, "boto3_client.py");
const STEPS = [
  "create_bucket",
  "transfer_in_parts",
  "put_and_copy",
  "put_nothing_then_something",
  "page_through_listings",
  "use_presigned_urls",
  "post_a_form",
  "write_on_condition",
  "delete_everything",
];

// The first on the PATH may be another than the one that a package manager installed boto3 for.
const candidates = [findProgram("python3"), "/usr/bin/python3"].filter((path) => path !== undefined);
const pythons = [...new Set(candidates)].filter(hasBoto3);
if (pythons.length === 0) console.warn("not installed: boto3");

/** boto3: transfers in parts, paginators, presigned URLs, upload forms, conditions. One Python process runs all steps. */
describe.each(pythons)("boto3 of %s", (python) => {
  let verge: Verge;
  let work: Workspace;

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace({ ...awsEnvironment(verge), VERGE_ENDPOINT: verge.endpoint, PYTHONDONTWRITEBYTECODE: "1" });
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("every step of the script passes", async () => {
    const { stdout } = await work.run(python, [script]);
    const lines = stdout.trim().split("\n");
    expect(lines.slice(0, -1).map((line) => line.replace(/^(?:passed|skipped) (\w+).*$/, "$1"))).toEqual(STEPS);
    for (const line of lines.filter((text) => text.startsWith("skipped"))) console.warn(line);
  });
});

function hasBoto3(python: string): boolean {
  return spawnSync(python, ["-c", "import boto3"], { stdio: "ignore" }).status === 0;
}
