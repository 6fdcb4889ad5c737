import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { combineCrc, createChecksum } from "../../../src/lib/checksums.ts";
import { mintUploadId } from "../../../src/s3/multipart/upload-id.ts";
import type {
  CompletedPart,
  CompleteUploadCall,
  PutPartCall,
  UploadRecord,
} from "../../../src/metadata/bucket/protocol.ts";
import { createIndex, expectOutcome, type Fixture, makeObject } from "./index-fixture.ts";

const MIB = 1024 ** 2;
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

async function begin(index: Fixture, key = "m", options: Partial<UploadRecord> = {}): Promise<string> {
  const uploadId = mintUploadId(undefined);
  const { attributes, storageClass } = makeObject(key);
  const upload = { key, uploadId, initiatorId: "000000000001", storageClass, attributes, ...options };
  expectOutcome(await index.api.createUpload({ ...index.mutation(), upload }), "ok");
  return uploadId;
}

async function sendPart(
  index: Fixture,
  uploadId: string,
  partNumber: number,
  options: Partial<PutPartCall> = {},
): Promise<CompletedPart & { blob: string }> {
  const part = { partNumber, size: 5 * MIB, etag: md5(`part ${partNumber}`), blob: index.mint(), ...options };
  expectOutcome(await index.api.putPart({ ...index.mutation(), key: "m", uploadId, ...part }), "ok");
  return { partNumber, etag: part.etag, blob: part.blob, ...(options.checksum && { checksum: options.checksum }) };
}

function complete(
  index: Fixture,
  uploadId: string,
  parts: readonly CompletedPart[],
  options: Partial<CompleteUploadCall> = {},
) {
  const list = parts.map(({ partNumber, etag, checksum }) => ({ partNumber, etag, ...(checksum && { checksum }) }));
  return index.api.completeUpload({ ...index.mutation(), key: "m", uploadId, parts: list, conditions: {}, ...options });
}

describe("multipart uploads", () => {
  it("go on in an index from before uploads had owners", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      sql.exec("ALTER TABLE uploads DROP COLUMN owner");
    });
    await evictDurableObject(index.stub);
    const parts = [await sendPart(index, uploadId, 1)];
    expect(expectOutcome(await complete(index, uploadId, parts), "ok").object.ownerId).toBe("000000000001");
    const given = await begin(index, "m", { ownerId: "000000000002" });
    const givenParts = [await sendPart(index, given, 1)];
    expect(expectOutcome(await complete(index, given, givenParts), "ok").object.ownerId).toBe("000000000002");
  });

  it("joins unequal parts into one object with S3's ETag, and finds any range in them", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const parts = [
      await sendPart(index, uploadId, 2, { size: 5 * MIB }),
      await sendPart(index, uploadId, 3, { size: 7 * MIB + 1 }),
      await sendPart(index, uploadId, 9, { size: 3 }),
    ];
    const { object } = expectOutcome(await complete(index, uploadId, parts, { size: 12 * MIB + 4 }), "ok");
    const digests = Buffer.concat(parts.map((part) => Buffer.from(part.etag, "hex")));
    expect(object.etag).toBe(`${createHash("md5").update(digests).digest("hex")}-3`);
    expect(object).toMatchObject({ size: 12 * MIB + 4, partsCount: 3 });

    const range = { first: 5 * MIB - 1, last: 12 * MIB + 1 };
    const ranged = expectOutcome(await index.api.getObject({ ...index.call(), key: "m", withBody: true, range }), "ok");
    expect(ranged.body).toEqual({
      kind: "extents",
      extents: [
        { blob: parts[0]!.blob, offset: 5 * MIB - 1, length: 1, blobSize: 5 * MIB },
        { blob: parts[1]!.blob, offset: 0, length: 7 * MIB + 1, blobSize: 7 * MIB + 1 },
        { blob: parts[2]!.blob, offset: 0, length: 1, blobSize: 3 },
      ],
    });
    const part = expectOutcome(
      await index.api.getObject({ ...index.call(), key: "m", withBody: true, partNumber: 9 }),
      "ok",
    );
    expect(part.span).toEqual({ offset: 12 * MIB + 1, length: 3 });
    expectOutcome(
      await index.api.getObject({ ...index.call(), key: "m", withBody: true, partNumber: 4 }),
      "no-such-part",
    );
    const listed = expectOutcome(
      await index.api.listObjectParts({ ...index.call(), key: "m", afterPartNumber: 2, limit: 1 }),
      "ok",
    );
    expect(listed).toMatchObject({ parts: [{ partNumber: 3, size: 7 * MIB + 1 }], truncated: true });
  });

  it("replaces a part that is sent again, and frees what the list leaves out", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const first = await sendPart(index, uploadId, 1, { etag: md5("old") });
    const second = await sendPart(index, uploadId, 1, { etag: md5("new") });
    const unlisted = await sendPart(index, uploadId, 2);
    const parts = expectOutcome(
      await index.api.listParts({ ...index.call(), key: "m", uploadId, afterPartNumber: 0, limit: 10 }),
      "ok",
    );
    expect(parts.parts.map((part) => part.etag)).toEqual([md5("new"), unlisted.etag]);
    expectOutcome(await complete(index, uploadId, [first]), "invalid-part");
    expectOutcome(await complete(index, uploadId, [second]), "ok");
    const freed = await runInDurableObject(index.stub, (_, { storage: { sql } }) =>
      sql
        .exec<{ freed: string }>("SELECT freed FROM journal WHERE freed IS NOT NULL")
        .toArray()
        .map((row) => row.freed)
        .join(),
    );
    expect(freed).toContain(first.blob);
    expect(freed).toContain(unlisted.blob);
    expect(freed).not.toContain(second.blob);
  });

  it("answers a repeated completion like the first, also without an operation id", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const part = await sendPart(index, uploadId, 1);
    const first = await complete(index, uploadId, [part], { conditions: { ifNoneMatch: ["*"] } });
    expect(await complete(index, uploadId, [part], { conditions: { ifNoneMatch: ["*"] } })).toEqual(first);
    await index.put("m");
    expect(await complete(index, uploadId, [part])).toEqual(first);
    expectOutcome(await complete(index, mintUploadId(undefined), [part]), "no-such-upload");
  });

  it("refuses wrong lists as S3 does, and keeps the upload", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const small = await sendPart(index, uploadId, 1, { size: 5 * MIB - 1 });
    const second = await sendPart(index, uploadId, 2, { size: 1 });
    expectOutcome(await complete(index, uploadId, [second, small]), "invalid-part-order");
    expectOutcome(await complete(index, uploadId, [second, second]), "invalid-part-order");
    expect(await complete(index, uploadId, [{ partNumber: 7, etag: "x" }])).toEqual({
      outcome: "invalid-part",
      partNumber: 7,
      etag: "x",
    });
    expect(await complete(index, uploadId, [small, second])).toEqual({
      outcome: "entity-too-small",
      partNumber: 1,
      etag: small.etag,
      size: 5 * MIB - 1,
    });
    expect(await complete(index, uploadId, [second], { size: 2 })).toEqual({ outcome: "size-mismatch", size: 1 });
    expectOutcome(await complete(index, uploadId, [second], { conditions: { ifMatch: ["x"] } }), "no-such-key");
    expectOutcome(await complete(index, uploadId, [second]), "ok");
  });

  it("computes composite and full-object checksums, and compares them with the client's", async () => {
    const index = await createIndex();
    const texts = ["first part", "second part"];
    const sizes = [5 * MIB, 11];
    const digest = async (algorithm: "CRC32" | "SHA256", text: string) => {
      const hasher = createChecksum(algorithm);
      hasher.update(Buffer.from(text));
      return hasher.digestBase64();
    };
    for (const [algorithm, checksumType] of [
      ["SHA256", "COMPOSITE"],
      ["CRC32", "FULL_OBJECT"],
    ] as const) {
      const uploadId = await begin(index, "m", { checksumAlgorithm: algorithm, checksumType });
      const parts = [];
      for (const [position, text] of texts.entries()) {
        const checksum = { algorithm, value: await digest(algorithm, text) };
        parts.push(await sendPart(index, uploadId, position + 1, { checksum, size: sizes[position]! }));
      }
      expectOutcome(
        await complete(index, uploadId, parts, { checksum: { algorithm, value: "AAAA" } }),
        "checksum-mismatch",
      );
      expectOutcome(
        await complete(index, uploadId, parts, {
          checksumType: checksumType === "COMPOSITE" ? "FULL_OBJECT" : "COMPOSITE",
        }),
        "checksum-type-mismatch",
      );
      const wrong = parts.map((part) => ({ ...part, checksum: { algorithm, value: "AAAA" } }));
      expectOutcome(await complete(index, uploadId, wrong), "invalid-part");
      const { object } = expectOutcome(await complete(index, uploadId, parts), "ok");
      expect(object.checksum).toMatchObject({ algorithm, type: checksumType });
      const joined = Buffer.concat(parts.map((part) => Buffer.from(part.checksum!.value, "base64")));
      const composite = `${createHash("sha256").update(joined).digest("base64")}-2`;
      const combined = combineCrc(
        "CRC32",
        parts.map((part, position) => ({ checksum: part.checksum!.value, size: sizes[position]! })),
      );
      expect(object.checksum!.value).toBe(checksumType === "COMPOSITE" ? composite : combined);
    }
  });

  it("takes no part after the abort, and completes nothing", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const part = await sendPart(index, uploadId, 1);
    expectOutcome(await index.api.abortUpload({ ...index.mutation(), key: "m", uploadId }), "ok");
    const refusal = { outcome: "no-such-upload" };
    expect(await index.api.abortUpload({ ...index.mutation(), key: "m", uploadId })).toEqual(refusal);
    expectOutcome(await complete(index, uploadId, [part]), "no-such-upload");
    expectOutcome(
      await index.api.checkWrite({ ...index.call(), key: "m", conditions: {}, uploadId }),
      "no-such-upload",
    );
    const again = { ...index.mutation(), key: "m", uploadId, partNumber: 1, size: 1, etag: "00", blob: index.mint() };
    expect(await index.api.putPart(again)).toEqual(refusal);
    expectOutcome(
      await index.api.checkWrite({ ...index.call(), key: "other", conditions: {}, uploadId }),
      "no-such-upload",
    );
  });

  it("completes 10,000 parts at once, and reads one range of them from few rows", async () => {
    const index = await createIndex();
    const uploadId = await begin(index);
    const blob = index.mint();
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      for (let n = 1; n <= 10_000; n++) {
        sql.exec(
          "INSERT INTO upload_parts VALUES (?, ?, ?, ?, 0, ?, NULL)",
          uploadId,
          n,
          5 * MIB,
          md5(`part ${n}`),
          blob,
        );
      }
    });
    const parts = Array.from({ length: 10_000 }, (_, n) => ({ partNumber: n + 1, etag: md5(`part ${n + 1}`) }));
    const started = performance.now();
    const { object } = expectOutcome(await complete(index, uploadId, parts), "ok");
    expect(performance.now() - started).toBeLessThan(2000);
    expect(object.size).toBe(10_000 * 5 * MIB);
    await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
      expect(sql.exec("SELECT count(*) AS n FROM manifests").one()["n"]).toBe(40);
    });
    const middle = { first: 5000 * 5 * MIB, last: 5000 * 5 * MIB + 9 };
    const found = expectOutcome(
      await index.api.getObject({ ...index.call(), key: "m", withBody: true, range: middle }),
      "ok",
    );
    expect(found.body).toEqual({ kind: "extents", extents: [{ blob, offset: 0, length: 10, blobSize: 5 * MIB }] });
  });
});
