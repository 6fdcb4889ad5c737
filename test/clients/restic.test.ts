import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFolder, MEGABYTE, writeContent } from "./content.ts";
import { awsEnvironment, createWorkspace, requireProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const program = requireProgram("restic") ?? "";

/** restic makes its bucket, writes packs and locks, lists by folder, and deletes what it forgets. */
describe.skipIf(program === "")("restic", () => {
  let verge: Verge;
  let work: Workspace;

  const restic = async (...args: string[]) => (await work.run(program, args)).stdout;

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace({
      ...awsEnvironment(verge),
      RESTIC_REPOSITORY: `s3:${verge.endpoint}/backups/laptop`,
      RESTIC_PASSWORD: "a password for tests",
    });
    for (const name of ["letter.txt", "deep/er/été 日本.txt", "empty"]) {
      writeContent(work.path("home", "files", name), name === "empty" ? 0 : 3_000);
    }
    writeContent(work.path("home", "files", "film"), 24 * MEGABYTE);
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("init, backup, check of all data, restore", async () => {
    await restic("init");
    await restic("backup", work.path("home", "files"));
    expect(await restic("check", "--read-data")).toContain("no errors were found");
    await restic("restore", "latest", "--target", work.path("restored"));
    expect(await hashFolder(work.path("restored", work.path("home", "files")))).toEqual(
      await hashFolder(work.path("home", "files")),
    );
  });

  test("forget and prune: the old snapshot's data goes, the new one stays whole", async () => {
    rmSync(work.path("home", "files", "film"));
    writeContent(work.path("home", "files", "song"), 2 * MEGABYTE);
    await restic("backup", work.path("home", "files"));
    const before = await storedBytes();
    await restic("forget", "--keep-last", "1", "--prune");
    expect(before - (await storedBytes())).toBeGreaterThan(20 * MEGABYTE);
    expect(await restic("check", "--read-data")).toContain("no errors were found");
    expect(JSON.parse(await restic("snapshots", "--json"))).toHaveLength(1);
    expect(await restic("ls", "latest")).toContain("/song");
  });

  async function storedBytes(): Promise<number> {
    const statistics = await restic("stats", "--mode", "raw-data", "--json");
    return (JSON.parse(statistics) as { total_size: number }).total_size;
  }
});
