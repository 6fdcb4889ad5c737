import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import {
  beginUpload,
  complete,
  createBucket,
  makeBytes,
  MIB,
  readObject,
  refusalOf,
  sendPart,
  type Upload,
  withBody,
  withHeaders,
} from "./multipart-support.ts";

let verge: Verge;
let client: S3Client;
const Bucket = "refusals";

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  await createBucket(client, Bucket);
});
afterAll(async () => {
  client.destroy();
  await verge.stop();
});

describe("parts", () => {
  let upload: Upload;
  beforeAll(async () => {
    upload = await beginUpload(client, { Bucket, Key: "parts" });
  });

  test.each([0, 10_001, -1])("number %i is refused", async (PartNumber) => {
    const refusal = await refusalOf(client.send(new UploadPartCommand({ ...upload, PartNumber, Body: "x" })));
    expect(refusal).toMatchObject({
      code: "InvalidArgument",
      status: 400,
      message: "Part number must be an integer between 1 and 10000, inclusive",
      ArgumentName: "partNumber",
    });
  });

  test("number 10,000 is taken", async () => {
    await expect(sendPart(client, upload, 10_000, Buffer.from("x"))).resolves.toBeDefined();
  });

  test("an id that was never given out names no upload, nor does that of another key", async () => {
    const last = upload.UploadId.at(-1) === "0" ? "1" : "0";
    const ids = ["", "made-up", `${upload.UploadId.slice(0, -1)}${last}`];
    for (const UploadId of ids.filter(Boolean)) {
      const call = client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: "x" }));
      expect(await refusalOf(call)).toMatchObject({ code: "NoSuchUpload", status: 404, UploadId });
    }
    const elsewhere = new UploadPartCommand({ ...upload, Key: "other", PartNumber: 1, Body: "x" });
    expect(await refusalOf(client.send(elsewhere))).toMatchObject({ code: "NoSuchUpload" });
  });

  test("a body that is not what Content-MD5 says is refused and not kept", async () => {
    const ContentMD5 = Buffer.alloc(16).toString("base64");
    const call = client.send(new UploadPartCommand({ ...upload, PartNumber: 5, Body: "x", ContentMD5 }));
    expect(await refusalOf(call)).toMatchObject({ code: "BadDigest", status: 400 });
    const { Parts } = await client.send(new ListPartsCommand(upload));
    expect(Parts?.map((part) => part.PartNumber)).not.toContain(5);
  });

  test("grants where ACLs are off and unknown storage classes are refused", async () => {
    const grant = new CreateMultipartUploadCommand({ Bucket, Key: "grant", GrantRead: "id=x" });
    expect(await refusalOf(client.send(grant))).toMatchObject({ code: "AccessControlListNotSupported", status: 400 });
    const stored = new CreateMultipartUploadCommand({ Bucket, Key: "class", StorageClass: "FROZEN" as "STANDARD" });
    expect(await refusalOf(client.send(stored))).toMatchObject({ code: "InvalidStorageClass", status: 400 });
  });
});

describe("completion", () => {
  test("with an unknown part or another ETag", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "unknown-part" });
    const part = await sendPart(client, upload, 1, Buffer.from("x"));
    for (const wrong of [
      { ...part, PartNumber: 2 },
      { ...part, ETag: '"00000000000000000000000000000000"' },
    ]) {
      expect(await refusalOf(complete(client, upload, [wrong]))).toMatchObject({
        code: "InvalidPart",
        status: 400,
        UploadId: upload.UploadId,
        PartNumber: String(wrong.PartNumber),
        ETag: wrong.ETag!.replaceAll('"', ""),
      });
    }
    // Nothing was spoiled, and ETags may come without quotes.
    await complete(client, upload, [{ ...part, ETag: part.ETag!.replaceAll('"', "") }]);
  });

  test("with parts out of order", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "order" });
    const first = await sendPart(client, upload, 1, makeBytes(5 * MIB, 1));
    const second = await sendPart(client, upload, 2, makeBytes(5 * MIB, 2));
    for (const list of [
      [second, first],
      [first, second, first],
    ]) {
      expect(await refusalOf(complete(client, upload, list))).toMatchObject({ code: "InvalidPartOrder", status: 400 });
    }
  });

  test("with a part below 5 MiB that is not the last", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "small" });
    const first = await sendPart(client, upload, 1, makeBytes(5 * MIB - 1, 1));
    const second = await sendPart(client, upload, 2, Buffer.from("x"));
    expect(await refusalOf(complete(client, upload, [first, second]))).toMatchObject({
      code: "EntityTooSmall",
      status: 400,
      ProposedSize: String(5 * MIB - 1),
      MinSizeAllowed: String(5 * MIB),
      PartNumber: "1",
      ETag: first.ETag!.replaceAll('"', ""),
    });
    expect(await refusalOf(readObject(client, upload))).toMatchObject({ code: "NoSuchKey" });
  });

  test("with another size than x-amz-mp-object-size", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "size" });
    const part = await sendPart(client, upload, 1, Buffer.from("four"));
    const sized = (MpuObjectSize: number) =>
      client.send(new CompleteMultipartUploadCommand({ ...upload, MpuObjectSize, MultipartUpload: { Parts: [part] } }));
    expect(await refusalOf(sized(5))).toMatchObject({ code: "InvalidRequest", status: 400 });
    expect(await refusalOf(sized(-1))).toMatchObject({ code: "InvalidRequest", status: 400 });
    await expect(sized(4)).resolves.toBeDefined();
  });

  test.each([
    ["an empty list", "<CompleteMultipartUpload/>"],
    ["another document", "<Delete><Object><Key>a</Key></Object></Delete>"],
    ["no XML", "parts, please"],
    [
      "a part without its ETag",
      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
    ],
    ["a part without its number", "<CompleteMultipartUpload><Part><ETag>a</ETag></Part></CompleteMultipartUpload>"],
    [
      "a number that is none",
      "<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>a</ETag></Part></CompleteMultipartUpload>",
    ],
    [
      "an unknown element",
      "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>a</ETag><Size>1</Size></Part></CompleteMultipartUpload>",
    ],
    ["a document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><CompleteMultipartUpload/>"],
  ])("with %s is MalformedXML", async (_, body) => {
    const upload = await beginUpload(client, { Bucket, Key: "malformed" });
    await sendPart(client, upload, 1, Buffer.from("x"));
    const command = withBody(new CompleteMultipartUploadCommand(upload), body);
    expect(await refusalOf(client.send(command))).toMatchObject({ code: "MalformedXML", status: 400 });
  });

  test("with a list that is too long to be one", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "long" });
    const body = `<CompleteMultipartUpload>${" ".repeat(5 * MIB)}</CompleteMultipartUpload>`;
    const command = withBody(new CompleteMultipartUploadCommand(upload), body);
    expect(await refusalOf(client.send(command))).toMatchObject({ code: "MaxMessageLengthExceeded", status: 400 });
  });

  test("with more than 10,000 parts", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "many" }, { ChecksumAlgorithm: "SHA256" });
    const list = (length: number) => {
      const parts = Array.from(
        { length },
        (_, at) => `<Part>
          <ETag>&quot;${at.toString(16).padStart(32, "0")}&quot;</ETag>
          <ChecksumSHA256>${Buffer.alloc(32, at).toString("base64")}</ChecksumSHA256>
          <PartNumber>${at + 1}</PartNumber>
        </Part>`,
      );
      const document = `<CompleteMultipartUpload>${parts.join("\n")}</CompleteMultipartUpload>`;
      return client.send(withBody(new CompleteMultipartUploadCommand(upload), document));
    };
    // The longest list is read to its end, and only then found to name what was never sent.
    expect(await refusalOf(list(10_000))).toMatchObject({ code: "InvalidPart", PartNumber: "1" });
    expect(await refusalOf(list(10_001))).toMatchObject({ code: "MalformedXML", status: 400 });
  });

  test("with a list that its Content-MD5 does not fit", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "md5" });
    const part = await sendPart(client, upload, 1, Buffer.from("x"));
    const command = withHeaders(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: [part] } }), {
      "content-md5": Buffer.alloc(16).toString("base64"),
    });
    expect(await refusalOf(client.send(command))).toMatchObject({ code: "BadDigest", status: 400 });
  });
});
