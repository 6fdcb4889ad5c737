import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFile, hashFolder, MEGABYTE, writeContent } from "./content.ts";
import { createWorkspace, requireProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const program = requireProgram("rclone") ?? "";

/** rclone signs Accept-Encoding, sends whole bodies and multipart uploads, and keeps times in metadata. */
describe.skipIf(program === "")("rclone", () => {
  let verge: Verge;
  let work: Workspace;

  const rclone = async (...args: string[]) => (await work.run(program, args)).stdout;

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace({
      RCLONE_CONFIG_VERGE_TYPE: "s3",
      RCLONE_CONFIG_VERGE_PROVIDER: "Other",
      RCLONE_CONFIG_VERGE_ENDPOINT: verge.endpoint,
      RCLONE_CONFIG_VERGE_REGION: verge.region,
      RCLONE_CONFIG_VERGE_ACCESS_KEY_ID: verge.accessKeyId,
      RCLONE_CONFIG_VERGE_SECRET_ACCESS_KEY: verge.secretAccessKey,
      // What is larger goes up in parts.
      RCLONE_S3_UPLOAD_CUTOFF: "8Mi",
      RCLONE_CONFIG: "",
    });
    for (const name of ["a.txt", "deep/er/b c.txt", "été/a+b%20.txt", "日本/🎉.txt"]) {
      writeContent(work.path("tree", name), 2_000);
    }
    writeContent(work.path("tree", "nothing"), 0);
    writeContent(work.path("tree", "large"), 20 * MEGABYTE + 1);
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("sync: a tree goes up, check finds no difference, a second sync has nothing to do", async () => {
    await rclone("mkdir", "verge:trees");
    await rclone("sync", work.path("tree"), "verge:trees/one");
    await rclone("check", "--download", work.path("tree"), "verge:trees/one");
    const again = await work.run(program, ["sync", "-v", work.path("tree"), "verge:trees/one"]);
    expect(again.stderr).toContain("There was nothing to transfer");
    expect((await rclone("lsf", "-R", "--files-only", "verge:trees/one")).split("\n").filter(Boolean).sort()).toEqual(
      Object.keys(await hashFolder(work.path("tree"))).sort(),
    );
    expect(await rclone("lsf", "verge:trees/one")).toContain("deep/\n");
  });

  test("copy: both ways, and from bucket to bucket on the server", async () => {
    await rclone("copy", "verge:trees/one", work.path("back"));
    expect(await hashFolder(work.path("back"))).toEqual(await hashFolder(work.path("tree")));
    await rclone("mkdir", "verge:copies");
    await rclone("copy", "verge:trees/one", "verge:copies");
    await rclone("check", "verge:trees/one", "verge:copies");
  });

  test("sync: what is gone from the source goes from the bucket", async () => {
    await rclone("sync", "--exclude", "deep/**", "--delete-excluded", work.path("tree"), "verge:trees/one");
    expect(await rclone("lsf", "verge:trees/one")).not.toContain("deep/");
  });

  test("rcat: streams of unknown length, short and long", async () => {
    writeContent(work.path("stream"), 30 * MEGABYTE + 7);
    await work.run("sh", ["-c", `"$0" rcat verge:trees/stream < "$1"`, program, work.path("stream")]);
    await rclone("copyto", "verge:trees/stream", work.path("stream-back"));
    expect(await hashFile(work.path("stream-back"))).toBe(await hashFile(work.path("stream")));
    await work.run(program, ["rcat", "verge:trees/short"], { input: "a few words" });
    expect(await rclone("cat", "verge:trees/short")).toBe("a few words");
    expect(await rclone("cat", "--offset", "2", "--count", "3", "verge:trees/short")).toBe("few");
  });

  test("moveto, touch, hashes, and purge with the bucket", async () => {
    await rclone("moveto", "verge:trees/short", "verge:trees/moved");
    await rclone("touch", "-t", "2001-02-03T04:05:06", "verge:trees/moved");
    expect(await rclone("lsf", "--format", "tp", "verge:trees/moved")).toBe("2001-02-03 04:05:06;moved\n");
    expect(await rclone("hashsum", "md5", "verge:trees/moved")).toBe("a6a01d54e5ce7c41e0f718af2de515b9  moved\n");
    await rclone("purge", "verge:trees");
    expect(await rclone("lsd", "verge:")).not.toContain("trees");
  });
});
