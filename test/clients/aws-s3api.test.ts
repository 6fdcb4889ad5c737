import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";
import { hashFile, MEGABYTE, writeContent } from "./content.ts";
import { awsEnvironment, createWorkspace, requireProgram } from "./program.ts";
import type { Workspace } from "./program.ts";

/** The members that a later command needs; the rest is compared whole. */
interface Reply {
  readonly ETag: string;
  readonly UploadId: string;
  readonly CopyObjectResult: { readonly ETag: string };
  readonly CopyPartResult: { readonly ETag: string };
  readonly Contents?: readonly Named[];
  readonly Versions: readonly Named[];
  readonly Deleted: readonly Named[];
}

interface Named {
  readonly Key: string;
}

const program = requireProgram("aws") ?? "";

/** `aws s3api`: every operation that Verge serves and the CLI has a command for, one call each. */
describe.skipIf(program === "")("aws s3api", () => {
  let verge: Verge;
  let work: Workspace;

  /** The command's JSON; an empty object where it prints nothing. */
  const api = async (...args: string[]): Promise<Reply> => {
    const line = ["--endpoint-url", verge.endpoint, "--output", "json", "s3api", ...args];
    return JSON.parse((await work.run(program, line)).stdout || "{}") as Reply;
  };
  const apiRefused = async (...args: string[]): Promise<string> => {
    const line = ["--endpoint-url", verge.endpoint, "s3api", ...args];
    return (await work.run(program, line, { allowFailure: true })).stderr;
  };

  beforeAll(async () => {
    verge = await startVerge();
    work = createWorkspace(awsEnvironment(verge));
    writeFileSync(work.path("hello.txt"), "hello");
  });
  afterAll(async () => {
    await verge.stop();
    work.remove();
  });

  test("buckets: create, head, list, location, versioning", async () => {
    expect(await api("create-bucket", "--bucket", "first")).toMatchObject({ Location: "/first" });
    expect(await apiRefused("head-bucket", "--bucket", "second")).toContain("404");
    await api("create-bucket", "--bucket", "second");
    await api("head-bucket", "--bucket", "second");
    expect(await api("list-buckets")).toMatchObject({
      Buckets: [{ Name: "first" }, { Name: "second" }],
      Owner: { ID: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    // `null` is us-east-1, as ever.
    expect(await api("get-bucket-location", "--bucket", "first")).toEqual({ LocationConstraint: null });
    expect(await api("get-bucket-versioning", "--bucket", "first")).toEqual({});
  });

  test("objects: put with metadata, head, get with a range, attributes, conditions", async () => {
    const object = ["--bucket", "first", "--key", "docs/hello.txt"];
    const put = await api(
      "put-object",
      ...object,
      "--body",
      "hello.txt",
      "--content-type",
      "text/plain",
      "--cache-control",
      "no-cache",
      "--metadata",
      "color=blue,size=small",
      "--storage-class",
      "STANDARD_IA",
      "--checksum-algorithm",
      "SHA256",
    );
    const checksum = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
    expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumSHA256: checksum });

    expect(await api("head-object", ...object, "--checksum-mode", "ENABLED")).toMatchObject({
      ContentLength: 5,
      ContentType: "text/plain",
      CacheControl: "no-cache",
      Metadata: { color: "blue", size: "small" },
      StorageClass: "STANDARD_IA",
      ChecksumSHA256: checksum,
    });
    const part = await api("get-object", ...object, "--range", "bytes=1-3", "part.txt");
    expect(part).toMatchObject({ ContentLength: 3, ContentRange: "bytes 1-3/5" });
    expect(readFileSync(work.path("part.txt"), "utf8")).toBe("ell");

    const attributes = ["ETag", "Checksum", "ObjectSize", "StorageClass"];
    expect(await api("get-object-attributes", ...object, "--object-attributes", ...attributes)).toMatchObject({
      ETag: "5d41402abc4b2a76b9719d911017c592",
      Checksum: { ChecksumSHA256: checksum },
      ObjectSize: 5,
      StorageClass: "STANDARD_IA",
    });
    expect(await apiRefused("get-object", ...object, "--if-none-match", put.ETag, "x")).toContain("304");
    expect(await apiRefused("get-object", ...object, "--if-match", '"other"', "x")).toContain("PreconditionFailed");
  });

  test("copies: with new metadata; listings of all three kinds; deletes of one and of many", async () => {
    const source = ["--copy-source", "first/docs/hello.txt"];
    const replace = ["--metadata-directive", "REPLACE", "--metadata", "color=red"];
    const copied = await api("copy-object", "--bucket", "second", "--key", "a/copy", ...source, ...replace);
    expect(copied.CopyObjectResult.ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(await api("head-object", "--bucket", "second", "--key", "a/copy")).toMatchObject({
      Metadata: { color: "red" },
    });
    for (const key of ["a/2", "b", "c d+é"]) await api("copy-object", "--bucket", "second", "--key", key, ...source);

    const keys = ["a/2", "a/copy", "b", "c d+é"];
    const named = (entries: readonly Named[] = []) => entries.map((entry) => entry.Key);
    expect(await api("list-objects", "--bucket", "second", "--delimiter", "/")).toMatchObject({
      CommonPrefixes: [{ Prefix: "a/" }],
      Contents: [{ Key: "b" }, { Key: "c d+é" }],
    });
    const paged = await api("list-objects-v2", "--bucket", "second", "--page-size", "3");
    expect(named(paged.Contents)).toEqual(keys);
    const { Versions } = await api("list-object-versions", "--bucket", "second");
    expect(named(Versions)).toEqual(keys);
    expect(Versions[0]).toMatchObject({ VersionId: "null", IsLatest: true });

    await api("delete-object", "--bucket", "second", "--key", "b");
    const many = JSON.stringify({ Objects: [{ Key: "a/2" }, { Key: "a/copy" }, { Key: "c d+é" }, { Key: "absent" }] });
    const { Deleted } = await api("delete-objects", "--bucket", "second", "--delete", many);
    expect(named(Deleted).sort()).toEqual(["a/2", "a/copy", "absent", "c d+é"]);
    expect(await api("list-objects-v2", "--bucket", "second")).not.toHaveProperty("Contents");
  });

  test("multipart: create, send, copy a part, list, complete, abort", async () => {
    const object = ["--bucket", "first", "--key", "big"];
    writeContent(work.path("part-1"), 5 * MEGABYTE);
    const { UploadId } = await api("create-multipart-upload", ...object);
    const upload = [...object, "--upload-id", UploadId];
    const one = await api("upload-part", ...upload, "--part-number", "1", "--body", "part-1");
    const source = ["--copy-source", "first/docs/hello.txt", "--copy-source-range", "bytes=0-3"];
    const two = await api("upload-part-copy", ...upload, "--part-number", "2", ...source);

    expect(await api("list-multipart-uploads", "--bucket", "first")).toMatchObject({
      Uploads: [{ Key: "big", UploadId }],
    });
    expect(await api("list-parts", ...upload)).toMatchObject({
      Parts: [
        { PartNumber: 1, Size: 5 * MEGABYTE },
        { PartNumber: 2, Size: 4 },
      ],
    });

    const parts = [one.ETag, two.CopyPartResult.ETag].map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
    const list = JSON.stringify({ Parts: parts });
    const completed = await api("complete-multipart-upload", ...upload, "--multipart-upload", list);
    expect(completed).toMatchObject({ Bucket: "first", Key: "big", ETag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/) });
    const got = await api("get-object", ...object, "--part-number", "1", "back");
    expect(got).toMatchObject({ PartsCount: 2, ContentLength: 5 * MEGABYTE });
    expect(await hashFile(work.path("back"))).toBe(await hashFile(work.path("part-1")));

    const other = await api("create-multipart-upload", ...object);
    await api("abort-multipart-upload", ...object, "--upload-id", other.UploadId);
    expect(await apiRefused("list-parts", ...object, "--upload-id", other.UploadId)).toContain("NoSuchUpload");
  });

  test("rename: the object has another key, the old one is gone", async ({ skip }) => {
    skip((await apiRefused("rename-object")).includes("Invalid choice"), "this CLI has no rename-object");
    await api("put-object", "--bucket", "first", "--key", "old", "--body", "hello.txt");
    await api("rename-object", "--bucket", "first", "--key", "new", "--rename-source", "old");
    expect(await apiRefused("head-object", "--bucket", "first", "--key", "old")).toContain("404");
    expect(await api("head-object", "--bucket", "first", "--key", "new")).toMatchObject({ ContentLength: 5 });
  });

  test("delete-bucket: refused while there are objects", async () => {
    expect(await apiRefused("delete-bucket", "--bucket", "first")).toContain("BucketNotEmpty");
    await api("delete-bucket", "--bucket", "second");
    expect(await apiRefused("head-bucket", "--bucket", "second")).toContain("404");
  });

  test("put-bucket-acl: refused where ACLs are off", async () => {
    const refused = await apiRefused("put-bucket-acl", "--bucket", "first", "--acl", "private");
    expect(refused).toContain("(AccessControlListNotSupported)");
  });
});
