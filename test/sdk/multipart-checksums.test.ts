import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  type ObjectAttributes,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createS3Client } from "../support/s3.ts";
import { startVerge, type Verge } from "../support/server.ts";
import {
  beginUpload,
  complete,
  crc32Base64,
  createBucket,
  makeBytes,
  MIB,
  refusalOf,
  sendPart,
  type Upload,
} from "./multipart-support.ts";

let verge: Verge;
let client: S3Client;
/** Sends no checksum that it was not asked for. */
let bareClient: S3Client;
const Bucket = "checksums";
const BODIES = [makeBytes(5 * MIB, 1), makeBytes(1000, 2)];
const WHOLE = Buffer.concat(BODIES);

beforeAll(async () => {
  verge = await startVerge();
  client = createS3Client(verge);
  bareClient = createS3Client(verge, {
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  await createBucket(client, Bucket);
});
afterAll(async () => {
  client.destroy();
  bareClient.destroy();
  await verge.stop();
});

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Sends both parts with checksums; answers them with all that the answers said. */
async function sendParts(upload: Upload, algorithm: ChecksumAlgorithm): Promise<CompletedPart[]> {
  const parts: CompletedPart[] = [];
  for (const [at, Body] of BODIES.entries()) {
    const PartNumber = at + 1;
    const { $metadata: _, ...sent } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: algorithm }),
    );
    parts.push({ ...sent, PartNumber });
  }
  return parts;
}

describe("of the whole object", () => {
  test.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as const)(
    "%s is composed of the parts' by default",
    async (algorithm) => {
      const upload = await beginUpload(client, { Bucket, Key: algorithm }, { ChecksumAlgorithm: algorithm });
      const name = `Checksum${algorithm}` as const;
      const completed = await complete(client, upload, await sendParts(upload, algorithm));
      expect(completed.ChecksumType).toBe("COMPOSITE");
      expect(completed[name]).toMatch(/-2$/);
      const found = await client.send(new GetObjectCommand({ Bucket, Key: algorithm, ChecksumMode: "ENABLED" }));
      expect(found[name]).toBe(completed[name]);
      expect(found.ChecksumType).toBe("COMPOSITE");
      await found.Body!.transformToByteArray();
    },
  );

  test("a list of parts may leave theirs out: they were checked when the parts came", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "unsaid" }, { ChecksumAlgorithm: "SHA256" });
    const parts = await sendParts(upload, "SHA256");
    const bare = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    const composite = `${sha256(...BODIES.map((body) => sha256(body))).toString("base64")}-2`;
    expect(await complete(client, upload, bare)).toMatchObject({
      ChecksumSHA256: composite,
      ChecksumType: "COMPOSITE",
    });
  });

  test("a composed one is the checksum of the parts' checksums", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "composed" }, { ChecksumAlgorithm: "SHA256" });
    const completed = await complete(client, upload, await sendParts(upload, "SHA256"));
    const digests = BODIES.map((body) => sha256(body));
    expect(completed.ChecksumSHA256).toBe(`${sha256(...digests).toString("base64")}-2`);
  });

  test("CRC32 as FULL_OBJECT is that of the bytes", async () => {
    const Key = "full";
    const upload = await beginUpload(
      client,
      { Bucket, Key },
      { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" },
    );
    const Parts = await sendParts(upload, "CRC32");
    const ChecksumCRC32 = crc32Base64(WHOLE);
    const wrong = new CompleteMultipartUploadCommand({
      ...upload,
      MultipartUpload: { Parts },
      ChecksumCRC32: "AAAAAA==",
    });
    expect(await refusalOf(client.send(wrong))).toMatchObject({ code: "BadDigest", status: 400 });
    const completed = await client.send(
      new CompleteMultipartUploadCommand({
        ...upload,
        MultipartUpload: { Parts },
        ChecksumCRC32,
        ChecksumType: "FULL_OBJECT",
        MpuObjectSize: WHOLE.length,
      }),
    );
    expect(completed).toMatchObject({ ChecksumCRC32, ChecksumType: "FULL_OBJECT" });
    // The SDK verifies what it reads against it.
    const found = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect((await found.Body!.transformToByteArray()).length).toBe(WHOLE.length);
  });

  test("CRC64NVME is a FULL_OBJECT checksum, and verified by the SDK on reading", async () => {
    const Key = "crc64";
    const created = await client.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: "CRC64NVME" }),
    );
    expect(created).toMatchObject({ ChecksumAlgorithm: "CRC64NVME", ChecksumType: "FULL_OBJECT" });
    const upload = { Bucket, Key, UploadId: created.UploadId! };
    const completed = await complete(client, upload, await sendParts(upload, "CRC64NVME"));
    expect(completed.ChecksumType).toBe("FULL_OBJECT");
    const found = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect(found.ChecksumCRC64NVME).toBe(completed.ChecksumCRC64NVME);
    expect((await found.Body!.transformToByteArray()).length).toBe(WHOLE.length);
  });

  test("FULL_OBJECT is computed for parts that came without", async () => {
    const Key = "measured";
    const upload = await beginUpload(
      bareClient,
      { Bucket, Key },
      { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" },
    );
    const parts = [
      await sendPart(bareClient, upload, 1, BODIES[0]!),
      await sendPart(bareClient, upload, 2, BODIES[1]!),
    ];
    const completed = await complete(bareClient, upload, parts);
    expect(completed).toMatchObject({ ChecksumCRC32: crc32Base64(WHOLE), ChecksumType: "FULL_OBJECT" });
  });

  test("there is none where the upload was created without an algorithm, whatever its parts brought", async () => {
    const target = { Bucket, Key: "none" };
    const upload = await beginUpload(bareClient, target);
    const sent = await client.send(
      new UploadPartCommand({ ...upload, PartNumber: 1, Body: "abc", ChecksumAlgorithm: "CRC32" }),
    );
    expect(sent.ChecksumCRC32).toBe(crc32Base64(Buffer.from("abc")));
    const { ETag } = sent;
    const claimed = complete(client, upload, [{ PartNumber: 1, ETag, ChecksumCRC32: sent.ChecksumCRC32 }]);
    expect(await refusalOf(claimed)).toMatchObject({ code: "InvalidPart" });
    const completed = await complete(client, upload, [{ PartNumber: 1, ETag }]);
    expect(completed.ChecksumCRC32).toBeUndefined();
  });
});

describe("of a part, read by its number", () => {
  test.each([
    ["SHA256", "COMPOSITE"],
    ["CRC32", "FULL_OBJECT"],
    ["CRC64NVME", "FULL_OBJECT"],
  ] as const)("in %s, of type %s, is the part's own, and the SDK verifies it", async (algorithm, type) => {
    const Key = `part ${algorithm}`;
    const upload = await beginUpload(
      client,
      { Bucket, Key },
      { ChecksumAlgorithm: algorithm, ...(algorithm === "CRC32" && { ChecksumType: type }) },
    );
    const parts = await sendParts(upload, algorithm);
    await complete(client, upload, parts);
    for (const [at, part] of parts.entries()) {
      const PartNumber = at + 1;
      const found = await client.send(new GetObjectCommand({ Bucket, Key, PartNumber, ChecksumMode: "ENABLED" }));
      const name = `Checksum${algorithm}` as const;
      expect(found).toMatchObject({ [name]: part[name], ChecksumType: type, PartsCount: 2 });
      expect(Buffer.from(await found.Body!.transformToByteArray()).equals(BODIES[at]!)).toBe(true);
      const head = await client.send(new HeadObjectCommand({ Bucket, Key, PartNumber, ChecksumMode: "ENABLED" }));
      expect(head[name]).toBe(part[name]);
    }
  });

  test("is not told for a copy whose own is of another algorithm", async () => {
    const Key = "copied";
    const upload = await beginUpload(client, { Bucket, Key }, { ChecksumAlgorithm: "CRC32C" });
    await complete(client, upload, await sendParts(upload, "CRC32C"));
    const CopySource = `${Bucket}/${Key}`;
    const copy = { Bucket, Key: "copied in CRC32" };
    await client.send(new CopyObjectCommand({ ...copy, CopySource, ChecksumAlgorithm: "CRC32" }));
    const part = await client.send(new GetObjectCommand({ ...copy, PartNumber: 2, ChecksumMode: "ENABLED" }));
    expect([part.ChecksumCRC32, part.ChecksumCRC32C]).toEqual([undefined, undefined]);
    expect(Buffer.from(await part.Body!.transformToByteArray()).equals(BODIES[1]!)).toBe(true);
    const whole = await client.send(new HeadObjectCommand({ ...copy, ChecksumMode: "ENABLED" }));
    expect(whole.ChecksumCRC32).toBe(crc32Base64(WHOLE));
    const ObjectAttributes: ObjectAttributes[] = ["ObjectParts"];
    const { ObjectParts } = await client.send(new GetObjectAttributesCommand({ ...copy, ObjectAttributes }));
    expect(ObjectParts?.Parts).toEqual(BODIES.map((body, at) => ({ PartNumber: at + 1, Size: body.length })));
  });
});

test("a streamed part brings its checksum in a trailer", async () => {
  const upload = await beginUpload(client, { Bucket, Key: "trailer" }, { ChecksumAlgorithm: "CRC32" });
  const part = { ...upload, PartNumber: 1, ChecksumAlgorithm: "CRC32" } as const;
  const Body = Readable.from([WHOLE.subarray(0, 70_000), WHOLE.subarray(70_000)]);
  const sent = await client.send(new UploadPartCommand({ ...part, Body, ContentLength: WHOLE.length }));
  expect(sent.ChecksumCRC32).toBe(crc32Base64(WHOLE));
  const { Parts } = await client.send(new ListPartsCommand(upload));
  expect(Parts).toMatchObject([{ Size: WHOLE.length, ChecksumCRC32: sent.ChecksumCRC32 }]);
});

describe("are refused", () => {
  test.each([
    ["FULL_OBJECT", "SHA256", "The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm."],
    ["COMPOSITE", "CRC64NVME", "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."],
    ["PARTIAL", "CRC32", "Value for x-amz-checksum-type header is invalid."],
    [
      "COMPOSITE",
      undefined,
      "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
    ],
  ])("as %s of %s", async (type, algorithm, message) => {
    const command = new CreateMultipartUploadCommand({
      Bucket,
      Key: "refused",
      ChecksumType: type as "COMPOSITE",
      ...(algorithm !== undefined && { ChecksumAlgorithm: algorithm as ChecksumAlgorithm }),
    });
    expect(await refusalOf(bareClient.send(command))).toMatchObject({ code: "InvalidRequest", status: 400, message });
  });

  test("in another algorithm than the upload's, or missing from a composed one", async () => {
    const target = { Bucket, Key: "mismatch" };
    const upload = await beginUpload(client, target, { ChecksumAlgorithm: "SHA256" });
    const part = { ...upload, PartNumber: 1, Body: "abc" };
    expect(await refusalOf(client.send(new UploadPartCommand({ ...part, ChecksumAlgorithm: "CRC32" })))).toMatchObject({
      code: "InvalidRequest",
      status: 400,
      message: "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: crc32",
    });
    expect(await refusalOf(bareClient.send(new UploadPartCommand(part)))).toMatchObject({
      code: "InvalidRequest",
      message: "Checksum Type mismatch occurred, expected checksum Type: sha256, actual checksum Type: null",
    });
    expect((await client.send(new ListPartsCommand(upload))).Parts).toBeUndefined();
  });

  test("when they are not those of the bytes", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "wrong" }, { ChecksumAlgorithm: "SHA256" });
    const ChecksumSHA256 = sha256(Buffer.from("other")).toString("base64");
    const command = new UploadPartCommand({ ...upload, PartNumber: 1, Body: "abc", ChecksumSHA256 });
    expect(await refusalOf(client.send(command))).toMatchObject({ code: "BadDigest", status: 400 });
  });

  test("when the list of parts tells others, the header is none, or another type is named", async () => {
    const upload = await beginUpload(client, { Bucket, Key: "list" }, { ChecksumAlgorithm: "CRC32" });
    const { ETag, ChecksumCRC32 } = await client.send(
      new UploadPartCommand({ ...upload, PartNumber: 1, Body: "abc", ChecksumAlgorithm: "CRC32" }),
    );
    const part = { PartNumber: 1, ETag, ChecksumCRC32 };
    expect(await refusalOf(complete(client, upload, [{ ...part, ChecksumCRC32: "AAAAAA==" }]))).toMatchObject({
      code: "InvalidPart",
    });
    const MultipartUpload = { Parts: [part] };
    const other = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, ChecksumType: "FULL_OBJECT" });
    expect(await refusalOf(client.send(other))).toMatchObject({
      code: "InvalidRequest",
      message:
        "The upload was created using the COMPOSITE checksum mode. The complete request must use the same checksum mode.",
    });
    for (const claimed of ["AAAAAA==-1", "bad"]) {
      const composed = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload, ChecksumCRC32: claimed });
      expect(await refusalOf(client.send(composed))).toMatchObject({ code: "BadDigest", status: 400 });
    }
    await complete(client, upload, [part]);
  });
});
