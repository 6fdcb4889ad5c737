import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFolder, MEGABYTE, writeContent } from "./content.ts";
import { awsEnvironment, createWorkspace, requireProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

const aws = requireProgram("aws") ?? "";
const rclone = requireProgram("rclone") ?? "";
const restic = requireProgram("restic") ?? "";

interface Version {
  readonly Key: string;
  readonly VersionId: string;
  readonly IsLatest: boolean;
}

/** What people do with versions and locks: bring back what was overwritten or deleted, by whatever program. */
describe.skipIf(aws === "")("buckets with versions", () => {
  let verge: Verge;
  let work: Workspace;

  const api = async (...args: string[]) => {
    const line = ["--endpoint-url", verge.endpoint, "--output", "json", "s3api", ...args];
    return JSON.parse((await work.run(aws, line)).stdout || "{}") as Record<string, unknown>;
  };
  const refused = async (...args: string[]) => {
    const line = ["--endpoint-url", verge.endpoint, "s3api", ...args];
    return (await work.run(aws, line, { allowFailure: true })).stderr;
  };
  const list = async (bucket: string) => {
    const { Versions = [], DeleteMarkers = [] } = await api("list-object-versions", "--bucket", bucket);
    return { versions: Versions as Version[], markers: DeleteMarkers as Version[] };
  };
  const enable = (bucket: string) =>
    api("put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled");

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace({
      ...awsEnvironment(verge),
      RCLONE_CONFIG_VERGE_TYPE: "s3",
      RCLONE_CONFIG_VERGE_PROVIDER: "Other",
      RCLONE_CONFIG_VERGE_ENDPOINT: verge.endpoint,
      RCLONE_CONFIG_VERGE_REGION: verge.region,
      RCLONE_CONFIG_VERGE_ACCESS_KEY_ID: verge.accessKeyId,
      RCLONE_CONFIG_VERGE_SECRET_ACCESS_KEY: verge.secretAccessKey,
      RCLONE_CONFIG: "",
      RESTIC_REPOSITORY: `s3:${verge.endpoint}/locked/laptop`,
      RESTIC_PASSWORD: "a password for tests",
    });
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("aws s3api: what was overwritten and then deleted is restored", async () => {
    await api("create-bucket", "--bucket", "letters");
    await enable("letters");
    expect(await api("get-bucket-versioning", "--bucket", "letters")).toEqual({ Status: "Enabled" });
    const object = ["--bucket", "letters", "--key", "a.txt"];
    const ids: string[] = [];
    for (const text of ["first", "second"]) {
      writeFileSync(work.path("a.txt"), text);
      ids.push((await api("put-object", ...object, "--body", "a.txt"))["VersionId"] as string);
    }
    const deleted = await api("delete-object", ...object);
    expect(deleted["DeleteMarker"]).toBe(true);
    expect(await refused("head-object", ...object)).toContain("404");
    const source = ["--copy-source", `letters/a.txt?versionId=${ids[0]}`];
    expect(await api("copy-object", ...object, ...source)).toMatchObject({ CopySourceVersionId: ids[0] });
    expect(await api("get-object", ...object, "back.txt")).toMatchObject({ ContentLength: "first".length });
    const { versions, markers } = await list("letters");
    expect(versions.map(({ VersionId }) => VersionId).slice(1)).toEqual(ids.toReversed());
    expect(markers).toMatchObject([{ Key: "a.txt", IsLatest: false, VersionId: deleted["VersionId"] }]);
    const Objects = [...versions, ...markers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    await api("delete-objects", "--bucket", "letters", "--delete", JSON.stringify({ Objects }));
    await api("delete-bucket", "--bucket", "letters");
  });

  test.skipIf(rclone === "")("rclone: --s3-versions shows and fetches what was replaced", async () => {
    const run = async (...args: string[]) => (await work.run(rclone, args)).stdout;
    await run("mkdir", "verge:trees");
    await enable("trees");
    for (const text of ["one", "two", "three"]) {
      writeFileSync(work.path("page.txt"), text);
      await run("copyto", "--ignore-times", work.path("page.txt"), "verge:trees/dir/page.txt");
    }
    await run("delete", "verge:trees/dir/page.txt");
    expect(await run("lsf", "-R", "verge:trees")).toBe("");
    const names = (await run("lsf", "-R", "--files-only", "--s3-versions", "verge:trees")).split("\n").filter(Boolean);
    expect(names).toHaveLength(3);
    await run("copy", "--s3-versions", "verge:trees", work.path("history"));
    const texts = names.map((name) => readFileSync(work.path("history", name), "utf8"));
    expect(texts.toSorted()).toEqual(["one", "three", "two"]);
  });

  test.skipIf(restic === "")("restic: a locked repository works, and outlives whoever deletes all of it", async () => {
    const run = async (...args: string[]) => (await work.run(restic, args)).stdout;
    await api("create-bucket", "--bucket", "locked", "--object-lock-enabled-for-bucket");
    const rule = { DefaultRetention: { Mode: "COMPLIANCE", Days: 1 } };
    const configuration = JSON.stringify({ ObjectLockEnabled: "Enabled", Rule: rule });
    await api("put-object-lock-configuration", "--bucket", "locked", "--object-lock-configuration", configuration);
    writeContent(work.path("files", "film"), 6 * MEGABYTE);
    writeContent(work.path("files", "letter"), 3000);
    await run("init");
    await run("backup", work.path("files"));
    rmSync(work.path("files", "letter"));
    await run("backup", work.path("files"));
    await run("forget", "--keep-last", "1", "--prune");
    expect(await run("check", "--read-data")).toContain("no errors were found");

    const { versions } = await list("locked");
    const remove = async (Objects: readonly Partial<Version>[]) => {
      const named = JSON.stringify({ Objects });
      return api("delete-objects", "--bucket", "locked", "--bypass-governance-retention", "--delete", named);
    };
    const destroyed = await remove(versions.map(({ Key, VersionId }) => ({ Key, VersionId })));
    expect(destroyed["Errors"]).toHaveLength(versions.length);
    expect(destroyed).not.toHaveProperty("Deleted");
    const live = versions.filter(({ IsLatest }) => IsLatest).map(({ Key }) => ({ Key }));
    const hidden = (await remove(live))["Deleted"] as { Key: string; DeleteMarkerVersionId: string }[];
    expect(hidden).toHaveLength(live.length);
    await remove(hidden.map(({ Key, DeleteMarkerVersionId }) => ({ Key, VersionId: DeleteMarkerVersionId })));
    expect(await run("check", "--read-data")).toContain("no errors were found");
    await run("restore", "latest", "--target", work.path("restored"));
    expect(await hashFolder(work.path("restored", work.path("files")))).toEqual(await hashFolder(work.path("files")));
  });
});
