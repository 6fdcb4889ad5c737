import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFile, hashFolder, MEGABYTE, writeContent } from "./content.ts";
import { awsEnvironment, createWorkspace, requireProgram, findProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const program = requireProgram("aws") ?? "";

/** The high-level commands of the AWS CLI: transfers in parts, trees, listings. */
describe.skipIf(program === "")("aws s3", () => {
  let verge: Verge;
  let work: Workspace;

  const aws = async (...args: string[]) =>
    (await work.run(program, ["--endpoint-url", verge.endpoint, "s3", ...args])).stdout;
  const awsRefused = (...args: string[]) =>
    work.run(program, ["--endpoint-url", verge.endpoint, "s3", ...args], { allowFailure: true });

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
    mkdirSync(work.path("back"));
    // Version 1 of the CLI presigns by Signature Version 2 for endpoints that it does not know.
    await work.run(program, ["configure", "set", "default.s3.signature_version", "s3v4"]);
    await aws("mb", "s3://photos");
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test.each([
    ["nothing", 0],
    ["one byte", 1],
    ["8 MB", 8 * MEGABYTE],
    ["200 MB", 200 * MEGABYTE],
  ])("cp: %s goes up and comes down unchanged", async (name, length) => {
    const [file, back] = [work.path(name), work.path("back", name)];
    writeContent(file, length);
    await aws("cp", "--no-progress", file, `s3://photos/sizes/${name}`);
    await aws("cp", "--no-progress", `s3://photos/sizes/${name}`, back);
    expect(await hashFile(back)).toBe(await hashFile(file));
    expect(await aws("ls", `s3://photos/sizes/${name}`)).toMatch(new RegExp(` ${length} ${name}\n$`));
  });

  test("cp: from standard input, and to standard output", async () => {
    const args = ["--endpoint-url", verge.endpoint, "s3", "cp", "-", "s3://photos/stream.txt"];
    await work.run(program, args, { input: "from a pipe" });
    expect(await aws("cp", "s3://photos/stream.txt", "-")).toBe("from a pipe");
  });

  test("sync: a tree with awkward names goes up, over to another bucket and down; what is gone is removed", async () => {
    const names = [
      "plain.txt",
      "with space.txt",
      "a+b.txt",
      "100%.txt",
      "%41.txt",
      "été 日本 🎉.txt",
      "deep/er/x&y=z;'().txt",
    ];
    for (const name of names) writeContent(work.path("tree", name), 1_000);
    await aws("mb", "s3://albums");
    await aws("sync", "--no-progress", work.path("tree"), "s3://photos/tree");
    expect(await aws("sync", "--no-progress", work.path("tree"), "s3://photos/tree")).toBe("");
    await aws("sync", "--no-progress", "s3://photos/tree", "s3://albums");
    await aws("rm", "s3://albums/plain.txt");
    writeContent(work.path("down", "plain.txt"), 1_000);
    await aws("sync", "--no-progress", "--delete", "s3://albums", work.path("down"));

    const { "plain.txt": removed, ...rest } = await hashFolder(work.path("tree"));
    expect(removed).toBeDefined();
    expect(await hashFolder(work.path("down"))).toEqual(rest);
  });

  test("ls: buckets, folders, all below; with the sum", async () => {
    await aws("mb", "s3://listed");
    for (const key of ["a/1", "a/2", "b"])
      await aws("cp", "--no-progress", work.path("one byte"), `s3://listed/${key}`);
    expect(await aws("ls")).toMatch(/ listed\n/);
    expect(await aws("ls", "s3://listed")).toMatch(/^ +PRE a\/\n\S+ \S+ +1 b\n$/);
    expect(await aws("ls", "--recursive", "--summarize", "--page-size", "1", "s3://listed")).toMatch(
      /a\/1\n.*a\/2\n.* b\n\nTotal Objects: 3\n +Total Size: 3\n$/,
    );
  });

  test("mv and rm: within a bucket, in parts, and a whole prefix", async () => {
    writeFileSync(work.path("moved.txt"), "moved");
    await aws("mv", "--no-progress", work.path("moved.txt"), "s3://photos/mv/first.txt");
    await aws("mv", "s3://photos/mv/first.txt", "s3://photos/mv/second.txt");
    expect(await aws("cp", "s3://photos/mv/second.txt", "-")).toBe("moved");
    await aws("mv", "--no-progress", "s3://photos/sizes/200 MB", "s3://photos/mv/200 MB");
    await aws("cp", "--no-progress", "s3://photos/mv/200 MB", work.path("back", "moved"));
    expect(await hashFile(work.path("back", "moved"))).toBe(await hashFile(work.path("200 MB")));

    await aws("rm", "--recursive", "s3://photos/mv");
    expect(await awsRefused("ls", "s3://photos/mv/")).toMatchObject({ code: 1, stdout: "" });
  });

  test.skipIf(findProgram("curl") === undefined)(
    "presign: curl downloads what the URL names, and nothing else",
    async () => {
      const key = "signed/été a+b.txt";
      writeFileSync(work.path("signed.txt"), "signed for you");
      await aws("cp", "--no-progress", work.path("signed.txt"), `s3://photos/${key}`);
      const url = (await aws("presign", `s3://photos/${key}`)).trim();
      const answer = work.path("answer.txt");
      const curl = async (...args: string[]) => (await work.run("curl", ["-s", "-w", "%{http_code}", ...args])).stdout;

      expect(await curl("-o", answer, url)).toBe("200");
      expect(readFileSync(answer, "utf8")).toBe("signed for you");
      expect(await curl("-o", answer, url.replace("signed/", "other/"))).toBe("403");
      expect(readFileSync(answer, "utf8")).toContain("<Code>SignatureDoesNotMatch</Code>");
      expect(await curl("-o", answer, "-T", work.path("one byte"), url)).toBe("403");
      expect(await aws("cp", `s3://photos/${key}`, "-")).toBe("signed for you");
    },
  );

  test("rb: refuses a bucket with objects, and empties it when forced", async () => {
    const refused = await awsRefused("rb", "s3://photos");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("BucketNotEmpty");
    await aws("rb", "--force", "s3://photos");
    expect(await aws("ls")).not.toContain("photos");
  });
});
