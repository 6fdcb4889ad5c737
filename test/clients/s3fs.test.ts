import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { hashFile, MEGABYTE, writeContent } from "./content.ts";
import { createWorkspace, requireProgram, type Workspace } from "./program.ts";

const s3fs = requireProgram("s3fs") ?? "";
const unmount = requireProgram("fusermount") ?? "";

function canMount(): boolean {
  try {
    accessSync("/dev/fuse", constants.R_OK | constants.W_OK);
    return true;
  } catch {
    console.warn("nothing can be mounted here: /dev/fuse is not there, or not for this user");
    return false;
  }
}

describe.skipIf(s3fs === "" || unmount === "" || !canMount())("s3fs on a bucket with versions", () => {
  let verge: Verge;
  let client: S3Client;
  let work: Workspace;
  let Bucket: string;
  const file = (...names: string[]) => work.path("mounted", ...names);

  beforeAll(async () => {
    verge = await startVerge();
    client = createS3Client(verge);
    Bucket = await makeBucket(client);
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
    work = createWorkspace();
    mkdirSync(work.path("mounted"));
    writeFileSync(work.path("keys"), `${verge.accessKeyId}:${verge.secretAccessKey}`, { mode: 0o600 });
    const options = [`url=${verge.endpoint}`, `passwd_file=${work.path("keys")}`, "use_path_request_style"];
    options.push(`endpoint=${verge.region}`, "sigv4", "stat_cache_expire=1");
    await work.run(s3fs, [Bucket, work.path("mounted"), ...options.flatMap((option) => ["-o", option])]);
  });
  afterAll(async () => {
    await work.run(unmount, ["-u", work.path("mounted")], { allowFailure: true });
    client.destroy();
    await verge.stop();
    work.remove();
  });

  test("files are written, read, listed, renamed and removed", async () => {
    mkdirSync(file("dir"));
    writeFileSync(file("dir", "a.txt"), "one");
    expect(readFileSync(file("dir", "a.txt"), "utf8")).toBe("one");
    renameSync(file("dir", "a.txt"), file("dir", "b.txt"));
    expect(readdirSync(file("dir"))).toEqual(["b.txt"]);
    writeContent(work.path("film"), 12 * MEGABYTE);
    await work.run("cp", [work.path("film"), file("film")]);
    expect(await hashFile(file("film"))).toBe(await hashFile(work.path("film")));
    rmSync(file("film"));
    expect(readdirSync(work.path("mounted")).toSorted()).toEqual(["dir"]);
  });

  test("what was overwritten and removed through the mount is there as older versions", async () => {
    for (const text of ["first", "second"]) writeFileSync(file("letter.txt"), text);
    rmSync(file("letter.txt"));
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket, Prefix: "letter.txt" }),
    );
    expect(DeleteMarkers).toMatchObject([{ IsLatest: true }]);
    const texts = await Promise.all(
      Versions.map(async ({ VersionId }) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: "letter.txt", VersionId }));
        return Body!.transformToString();
      }),
    );
    // s3fs makes each file empty before it writes it.
    expect(texts.filter((text) => text !== "")).toEqual(["second", "first"]);
  });
});
