import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFile, hashFolder, MEGABYTE, writeContent } from "./content.ts";
import { createWorkspace, requireProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const program = requireProgram("s3cmd") ?? "";

/** s3cmd in path style: `host_bucket` without a place for the bucket's name. */
describe.skipIf(program === "")("s3cmd", () => {
  let verge: Verge;
  let work: Workspace;

  const s3cmd = async (...args: string[]) => {
    const { stdout } = await work.run(program, ["--config", work.path("s3cfg"), "--no-progress", ...args]);
    return stdout;
  };

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace();
    const host = new URL(verge.endpoint).host;
    const settings = {
      access_key: verge.accessKeyId,
      secret_key: verge.secretAccessKey,
      host_base: host,
      host_bucket: host,
      bucket_location: verge.region,
      use_https: "False",
      signature_v2: "False",
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(work.path("s3cfg"), ["[default]", ...lines, ""].join("\n"));
    await s3cmd("mb", "s3://files");
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test.each([
    ["empty", 0],
    ["small", 100],
    ["été a+b%.bin", 3 * MEGABYTE],
  ])("put and get: %s", async (name, length) => {
    writeContent(work.path("up", name), length);
    await s3cmd("put", work.path("up", name), `s3://files/up/${name}`);
    await s3cmd("get", `s3://files/up/${name}`, work.path(`${name}.back`));
    expect(await hashFile(work.path(`${name}.back`))).toBe(await hashFile(work.path("up", name)));
  });

  test("put: in parts, and from standard input", async () => {
    writeContent(work.path("large"), 17 * MEGABYTE);
    await s3cmd("put", "--multipart-chunk-size-mb=5", work.path("large"), "s3://files/large");
    expect(await s3cmd("info", "s3://files/large")).toContain(`File size: ${17 * MEGABYTE}`);
    await s3cmd("get", "s3://files/large", work.path("large.back"));
    expect(await hashFile(work.path("large.back"))).toBe(await hashFile(work.path("large")));
    const line = ["--config", work.path("s3cfg"), "put", "-", "s3://files/stream"];
    await work.run(program, line, { input: "from a pipe" });
    expect(await s3cmd("get", "s3://files/stream", "-")).toBe("from a pipe");
  });

  test("sync: up, down, and with deletions", async () => {
    for (const name of ["one", "two", "deep/er/three é"]) writeContent(work.path("tree", name), 500);
    await s3cmd("sync", `${work.path("tree")}/`, "s3://files/tree/");
    await s3cmd("del", "s3://files/tree/one");
    await s3cmd("sync", "--delete-removed", "s3://files/tree/", `${work.path("down")}/`);
    const { one, ...rest } = await hashFolder(work.path("tree"));
    expect(one).toBeDefined();
    expect(await hashFolder(work.path("down"))).toEqual(rest);
    writeContent(work.path("down", "extra"), 1);
    await s3cmd("sync", "--delete-removed", "s3://files/tree/", `${work.path("down")}/`);
    expect(existsSync(work.path("down", "extra"))).toBe(false);
  });

  test("ls, cp, mv, modify, rm, rb", async () => {
    await s3cmd("cp", "s3://files/up/small", "s3://files/copies/first");
    await s3cmd("mv", "s3://files/copies/first", "s3://files/copies/second");
    await s3cmd("modify", "--add-header=Content-Type: text/x-test", "s3://files/copies/second");
    expect(await s3cmd("info", "s3://files/copies/second")).toMatch(/MIME type: +text\/x-test/);
    expect(await s3cmd("ls", "s3://files/copies/")).toMatch(/ 100 +s3:\/\/files\/copies\/second\n$/);
    expect(await s3cmd("ls", "s3://files")).toMatch(/DIR +s3:\/\/files\/copies\/\n/);
    expect(await s3cmd("du", "s3://files/copies")).toMatch(/^ *100 +1 objects/);
    await s3cmd("rm", "--recursive", "--force", "s3://files");
    expect(await s3cmd("ls", "--recursive", "s3://files")).toBe("");
    await s3cmd("rb", "s3://files");
    expect(await s3cmd("ls")).not.toContain("files");
  });
});
