import {
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListPartsCommand,
  paginateListParts,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { beginUpload, createBucket, makeBytes, md5, refusalOf, sendPart, type Upload } from "./multipart-support.ts";

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

describe("ListParts", () => {
  const Bucket = "list-parts";
  let upload: Upload;
  beforeAll(async () => {
    await createBucket(client, Bucket);
    upload = await beginUpload(client, { Bucket, Key: "a/key" }, { StorageClass: "ONEZONE_IA" });
    for (const number of [9, 2, 4, 10_000, 5]) await sendPart(client, upload, number, makeBytes(number, number));
  });

  test("tells what was sent, by number", async () => {
    const listed = await client.send(new ListPartsCommand(upload));
    expect(listed).toMatchObject({
      Bucket,
      Key: "a/key",
      UploadId: upload.UploadId,
      StorageClass: "ONEZONE_IA",
      MaxParts: 1000,
      IsTruncated: false,
      PartNumberMarker: "0",
    });
    expect(listed.Owner?.ID).toBeTruthy();
    expect(listed.Initiator).toEqual(listed.Owner);
    expect(listed.Parts?.map(({ PartNumber, Size, ETag }) => ({ PartNumber, Size, ETag }))).toEqual(
      [2, 4, 5, 9, 10_000].map((number) => ({
        PartNumber: number,
        Size: number,
        ETag: `"${md5(makeBytes(number, number))}"`,
      })),
    );
    expect(Math.abs(Date.now() - listed.Parts![0]!.LastModified!.getTime())).toBeLessThan(60_000);
  });

  test("comes in pages", async () => {
    const numbers: (number | undefined)[][] = [];
    for await (const page of paginateListParts({ client, pageSize: 2 }, upload)) {
      numbers.push(page.Parts!.map((part) => part.PartNumber));
    }
    expect(numbers).toEqual([[2, 4], [5, 9], [10_000]]);
    const rest = await client.send(new ListPartsCommand({ ...upload, PartNumberMarker: "4", MaxParts: 2 }));
    expect(rest).toMatchObject({ PartNumberMarker: "4", NextPartNumberMarker: "9", IsTruncated: true, MaxParts: 2 });
  });

  test("shows checksums of an upload that has them", async () => {
    const summed = await beginUpload(client, { Bucket, Key: "summed" }, { ChecksumAlgorithm: "SHA1" });
    const sent = await client.send(
      new UploadPartCommand({ ...summed, PartNumber: 1, Body: "abc", ChecksumAlgorithm: "SHA1" }),
    );
    const listed = await client.send(new ListPartsCommand(summed));
    expect(listed).toMatchObject({ ChecksumAlgorithm: "SHA1", ChecksumType: "COMPOSITE" });
    expect(listed.Parts).toMatchObject([{ ChecksumSHA1: sent.ChecksumSHA1 }]);
    expect(sent.ChecksumSHA1).toBe("qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
  });

  test("refuses a page size that is none", async () => {
    const call = client.send(new ListPartsCommand({ ...upload, MaxParts: -1 }));
    expect(await refusalOf(call)).toMatchObject({ code: "InvalidArgument", status: 400 });
  });
});

describe.each([1, 4])("ListMultipartUploads over %i index objects", (shards) => {
  const Bucket = `list-uploads-${shards}`;
  const keys = ["a", "dir/one", "dir/sub/two", "dir/two", "é", "\u{ff5e}", "\u{1f600}", "zebra"].sort((left, right) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right)),
  );
  const uploads: Upload[] = [];
  beforeAll(async () => {
    await createBucket(client, Bucket, shards);
    for (const Key of keys.toReversed()) uploads.unshift(await beginUpload(client, { Bucket, Key }));
  });

  const list = (input: Partial<ListMultipartUploadsCommandInput> = {}) =>
    client.send(new ListMultipartUploadsCommand({ Bucket, ...input }));

  test("keys come in the order of their bytes, with who began them", async () => {
    const { Uploads, ...listed } = await list();
    expect(listed).toMatchObject({ Bucket, MaxUploads: 1000, IsTruncated: false });
    expect(Uploads?.map(({ Key, UploadId }) => ({ Bucket, Key, UploadId }))).toEqual(uploads);
    expect(Uploads![0]!.Owner?.ID).toBeTruthy();
    expect(Uploads![0]!.Initiator).toEqual(Uploads![0]!.Owner);
    expect(Uploads![0]).toMatchObject({ StorageClass: "STANDARD" });
    expect(Math.abs(Date.now() - Uploads![0]!.Initiated!.getTime())).toBeLessThan(60_000);
  });

  test.each([1, 2, 3])("pages of %i tell every upload once", async (MaxUploads) => {
    const found: (string | undefined)[] = [];
    let KeyMarker: string | undefined;
    let UploadIdMarker: string | undefined;
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await list({ MaxUploads, KeyMarker, UploadIdMarker });
      found.push(...(page.Uploads ?? []).map((upload) => upload.Key));
      if (!page.IsTruncated) break;
      expect(page.Uploads).toHaveLength(MaxUploads);
      [KeyMarker, UploadIdMarker] = [page.NextKeyMarker, page.NextUploadIdMarker];
    }
    expect(found).toEqual(keys);
  });

  test("prefix and delimiter roll keys up, across pages too", async () => {
    const rolled = await list({ Delimiter: "/" });
    expect(rolled.CommonPrefixes).toEqual([{ Prefix: "dir/" }]);
    expect(rolled.Uploads?.map((upload) => upload.Key)).toEqual(keys.filter((key) => !key.includes("/")));
    const below = await list({ Prefix: "dir/", Delimiter: "/" });
    expect(below.CommonPrefixes).toEqual([{ Prefix: "dir/sub/" }]);
    expect(below.Uploads?.map((upload) => upload.Key)).toEqual(["dir/one", "dir/two"]);
    expect(below).toMatchObject({ Prefix: "dir/", Delimiter: "/" });
    const first = await list({ Delimiter: "/", MaxUploads: 2 });
    expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: "dir/" });
    const next = await list({ Delimiter: "/", MaxUploads: 1, KeyMarker: "dir/" });
    expect(next.CommonPrefixes).toBeUndefined();
    expect(next.Uploads?.map((upload) => upload.Key)).toEqual(["zebra"]);
  });

  test("encoding-type=url encodes keys", async () => {
    const encoded = await list({ EncodingType: "url", Prefix: "é" });
    expect(encoded.EncodingType).toBe("url");
    expect(encoded.Prefix).toBe("%C3%A9");
    expect(encoded.Uploads?.map((upload) => upload.Key)).toEqual(["%C3%A9"]);
    const refused = list({ EncodingType: "rot13" as "url" });
    expect(await refusalOf(refused)).toMatchObject({ code: "InvalidArgument", status: 400 });
  });

  test("uploads of one key come in the order of their beginning, and a marker may stand between them", async () => {
    const Key = "dir/one";
    const second = await beginUpload(client, { Bucket, Key });
    const third = await beginUpload(client, { Bucket, Key });
    const first = uploads.find((upload) => upload.Key === Key)!;
    const page = await list({ Prefix: Key, MaxUploads: 2 });
    expect(page.Uploads?.map((upload) => upload.UploadId)).toEqual([first.UploadId, second.UploadId]);
    const rest = await list({ Prefix: Key, KeyMarker: Key, UploadIdMarker: second.UploadId });
    expect(rest.Uploads?.map((upload) => upload.UploadId)).toEqual([third.UploadId]);
    const beyond = await list({ Prefix: Key, KeyMarker: Key });
    expect(beyond.Uploads).toBeUndefined();
  });
});
