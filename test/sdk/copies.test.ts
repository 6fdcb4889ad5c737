import { randomBytes } from "node:crypto";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  RenameObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureOf, makeBucket } from "../support/s3-requests.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";

let verge: Verge;
let client: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

async function read(Bucket: string, Key: string): Promise<Buffer> {
  const got = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from(await got.Body!.transformToByteArray());
}

describe.each([1, 4])("CopyObject in a bucket on %i index objects", (shards) => {
  let Bucket: string;
  const bodies: Record<string, Buffer> = { "in-the-index": randomBytes(500), "in-a-blob": randomBytes(50_000) };
  beforeAll(async () => {
    Bucket = await makeBucket(client, { shards });
    for (const [Key, Body] of Object.entries(bodies)) {
      await client.send(
        new PutObjectCommand({ Bucket, Key, Body, ContentType: "text/x", Metadata: { kind: "source" } }),
      );
    }
  });

  test.each(Object.keys(bodies))("copies %s, and the copy outlives its source", async (source) => {
    // Enough keys that some lie in every index object.
    const copies = Array.from({ length: 12 }, (_, number) => `${source}/copy-${number}`);
    for (const Key of copies) {
      const { CopyObjectResult } = await client.send(
        new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${source}` }),
      );
      expect(CopyObjectResult?.ETag).toMatch(/^"[0-9a-f]{32}"$/);
      expect(CopyObjectResult?.LastModified).toBeInstanceOf(Date);
    }
    await client.send(new DeleteObjectCommand({ Bucket, Key: source }));
    for (const Key of copies) {
      expect((await read(Bucket, Key)).equals(bodies[source]!)).toBe(true);
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head).toMatchObject({ ContentType: "text/x", Metadata: { kind: "source" } });
    }
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: source,
        Body: bodies[source]!,
        ContentType: "text/x",
        Metadata: { kind: "source" },
      }),
    );
  });

  test("replaces metadata when asked to", async () => {
    const Key = "replaced";
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key,
        CopySource: `${Bucket}/in-a-blob`,
        MetadataDirective: "REPLACE",
        ContentType: "text/y",
        Metadata: { kind: "copy" },
        StorageClass: "STANDARD_IA",
      }),
    );
    const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({ ContentType: "text/y", Metadata: { kind: "copy" }, StorageClass: "STANDARD_IA" });
  });

  test("onto itself must change something", async () => {
    const CopySource = `${Bucket}/in-a-blob`;
    const same = new CopyObjectCommand({ Bucket, Key: "in-a-blob", CopySource });
    expect(await failureOf(client.send(same))).toMatchObject({ code: "InvalidRequest", status: 400 });
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: "in-a-blob",
        CopySource,
        MetadataDirective: "REPLACE",
        Metadata: { kind: "source" },
        ContentType: "text/x",
      }),
    );
    expect((await read(Bucket, "in-a-blob")).equals(bodies["in-a-blob"]!)).toBe(true);
  });

  test("has the redirect that the copy is given, whatever its source has", async () => {
    const WebsiteRedirectLocation = "/elsewhere";
    const copy = async (Key: string, from: string, redirect?: string) => {
      await client.send(
        new CopyObjectCommand({ Bucket, Key, CopySource: `${Bucket}/${from}`, WebsiteRedirectLocation: redirect }),
      );
      return client.send(new HeadObjectCommand({ Bucket, Key }));
    };
    for (const Key of ["redirects", "redirects/again"]) {
      const redirecting = await copy(Key, "in-a-blob", WebsiteRedirectLocation);
      expect(redirecting).toMatchObject({ WebsiteRedirectLocation, Metadata: { kind: "source" } });
      expect(await copy("stays", Key)).not.toHaveProperty("WebsiteRedirectLocation");
      // A change of the redirect is enough for a copy onto itself.
      expect(await copy(Key, Key, "/third")).toMatchObject({ WebsiteRedirectLocation: "/third" });
    }
  });

  test("evaluates conditions on the source and on the destination", async () => {
    const CopySource = `${Bucket}/in-a-blob`;
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key: "in-a-blob" }));
    const source = { Bucket, Key: "c1", CopySource };
    const refused: [CopyObjectCommand, string][] = [
      [new CopyObjectCommand({ ...source, CopySourceIfMatch: '"0"' }), "x-amz-copy-source-If-Match"],
      [new CopyObjectCommand({ ...source, CopySourceIfNoneMatch: ETag }), "x-amz-copy-source-If-None-Match"],
      [
        new CopyObjectCommand({ ...source, CopySourceIfUnmodifiedSince: new Date(0) }),
        "x-amz-copy-source-If-Unmodified-Since",
      ],
      [new CopyObjectCommand({ Bucket, Key: "in-the-index", CopySource, IfNoneMatch: "*" }), "If-None-Match"],
    ];
    for (const [command, Condition] of refused) {
      await expect(client.send(command)).rejects.toMatchObject({
        name: "PreconditionFailed",
        $metadata: { httpStatusCode: 412 },
        Condition,
      });
    }
    await client.send(
      new CopyObjectCommand({ Bucket, Key: "c1", CopySource, CopySourceIfMatch: ETag, IfNoneMatch: "*" }),
    );
  });

  test("names what is missing", async () => {
    const missing = new CopyObjectCommand({ Bucket, Key: "c2", CopySource: `${Bucket}/none` });
    expect(await failureOf(client.send(missing))).toMatchObject({ code: "NoSuchKey", status: 404 });
    const elsewhere = new CopyObjectCommand({ Bucket, Key: "c2", CopySource: "no-such-bucket/none" });
    expect(await failureOf(client.send(elsewhere))).toMatchObject({ code: "NoSuchBucket", status: 404 });
  });

  test("decodes its source once, and takes a bucket of its own", async () => {
    const other = await makeBucket(client, { shards });
    await client.send(new PutObjectCommand({ Bucket: other, Key: "a b/ü?x%20", Body: "odd" }));
    await client.send(
      new CopyObjectCommand({ Bucket, Key: "odd", CopySource: encodeURIComponent(`${other}/a b/ü?x%20`) }),
    );
    expect((await read(Bucket, "odd")).toString()).toBe("odd");
  });

  test("computes a checksum that the source does not have", async () => {
    const { CopyObjectResult } = await client.send(
      new CopyObjectCommand({ Bucket, Key: "summed", CopySource: `${Bucket}/in-a-blob`, ChecksumAlgorithm: "SHA256" }),
    );
    const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(bodies["in-a-blob"]!));
    expect(CopyObjectResult?.ChecksumSHA256).toBe(Buffer.from(digest).toString("base64"));
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: "summed", ChecksumMode: "ENABLED" }));
    expect(head.ChecksumSHA256).toBe(CopyObjectResult?.ChecksumSHA256);
  });
});

describe("RenameObject", () => {
  test("moves a key in one step", async () => {
    const Bucket = await makeBucket(client);
    await client.send(new PutObjectCommand({ Bucket, Key: "before", Body: "x", Metadata: { a: "1" } }));
    await client.send(new RenameObjectCommand({ Bucket, Key: "after", RenameSource: "before" }));
    expect((await read(Bucket, "after")).toString()).toBe("x");
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: "after" }))).Metadata).toEqual({ a: "1" });
    expect(await failureOf(client.send(new HeadObjectCommand({ Bucket, Key: "before" })))).toMatchObject({
      status: 404,
    });
    const again = new RenameObjectCommand({ Bucket, Key: "after", RenameSource: "before" });
    expect(await failureOf(client.send(again))).toMatchObject({ code: "NoSuchKey", status: 404 });
  });
});
