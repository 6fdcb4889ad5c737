import { createHash } from "node:crypto";
import { CreateBucketCommand, GetObjectCommand, GetObjectTaggingCommand, HeadObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeForm, encodePolicy, type Fields, postBytes, postForm, signV2, signV4 } from "../support/post-form.ts";
import { createS3Client } from "../support/s3.ts";
import { startVerge } from "../support/server.ts";
import type { Verge } from "../support/server.ts";

const BUCKET = "post-uploads";
const COVERED = [{ bucket: BUCKET }, ["starts-with", "$key", "user/"]];

let verge: Verge;
let s3: S3Client;

beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
});
afterAll(async () => {
  s3.destroy();
  await verge.stop();
});

/** A form for a key, with further fields that the policy covers by equality. */
function signedFields(key: string, extra: Fields = [], conditions: readonly unknown[] = []): Fields {
  const equal = extra.map(([name, value]) => ["eq", `$${name}`, value]);
  return [["key", key], ...extra, ...signV4(verge, { conditions: [...COVERED, ...equal, ...conditions] })];
}

async function read(key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
  return Body!.transformToString();
}

describe("an upload from a form", () => {
  test("is stored under its key, and answered with 204, the ETag and where it is", async () => {
    const answer = await postForm(verge, {
      bucket: BUCKET,
      fields: signedFields("user/a.txt"),
      file: { body: "hello" },
    });
    expect(answer.status).toBe(204);
    expect(answer.text).toBe("");
    expect(answer.headers.get("etag")).toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
    expect(answer.headers.get("location")).toBe(`${verge.endpoint}/${BUCKET}/user/a.txt`);
    expect(await read("user/a.txt")).toBe("hello");
  });

  test("may be empty", async () => {
    const answer = await postForm(verge, { bucket: BUCKET, fields: signedFields("user/empty"), file: { body: "" } });
    expect(answer.status).toBe(204);
    expect(await read("user/empty")).toBe("");
  });

  test("takes the name of the file, without its folders, for ${filename}", async () => {
    const names = { "a b.txt": "a b.txt", "/home/me/b.txt": "b.txt", "C:\\fakepath\\c.txt": "c.txt", "ü.txt": "ü.txt" };
    for (const [filename, stored] of Object.entries(names)) {
      const fields = signedFields("user/${filename}");
      const answer = await postForm(verge, { bucket: BUCKET, fields, file: { body: stored, filename } });
      expect(answer.status).toBe(204);
      expect(await read(`user/${stored}`)).toBe(stored);
    }
  });

  test("leaves ${filename} as it is where the file has no name", async () => {
    const file = { body: "nameless", filename: null };
    const answer = await postForm(verge, { bucket: BUCKET, fields: signedFields("user/${filename}"), file });
    expect(answer.status).toBe(204);
    expect(await read("user/${filename}")).toBe("nameless");
  });

  test("keeps its headers and metadata, which are fields of any case", async () => {
    const extra: Fields = [
      ["Content-Type", "text/plain"],
      ["CACHE-CONTROL", "max-age=60"],
      ["x-amz-meta-Color", "blue"],
      ["x-amz-storage-class", "STANDARD_IA"],
      ["acl", "bucket-owner-full-control"],
    ];
    const fields = signedFields("user/meta", extra);
    const answer = await postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } });
    expect(answer.status).toBe(204);
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: "user/meta" }));
    expect(head).toMatchObject({ ContentType: "text/plain", CacheControl: "max-age=60", StorageClass: "STANDARD_IA" });
    expect(head.Metadata).toEqual({ color: "blue" });
  });

  test("is checked against a checksum, which is kept", async () => {
    const right = createHash("sha256").update("checked").digest("base64");
    const wrong = createHash("sha256").update("other").digest("base64");
    const send = (value: string) => {
      const fields = signedFields("user/checked", [["x-amz-checksum-sha256", value]]);
      return postForm(verge, { bucket: BUCKET, fields, file: { body: "checked" } });
    };
    expect(await send(wrong)).toMatchObject({ status: 400, code: "BadDigest" });
    expect((await send(right)).status).toBe(204);
    const head = await s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: "user/checked", ChecksumMode: "ENABLED" }));
    expect(head.ChecksumSHA256).toBe(right);
  });

  test("arrives whole whatever its size, and although it looks like the end of a form", async () => {
    for (const size of [4096, 65_000, 65_536, 200_001, 9_000_000]) {
      const body = Buffer.alloc(size, "\r\n------VergeForm");
      const fields = signedFields("user/large");
      expect((await postForm(verge, { bucket: BUCKET, fields, file: { body } })).status).toBe(204);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: "user/large" }));
      expect(body.equals(await Body!.transformToByteArray())).toBe(true);
    }
  });

  test("keeps its tags, which are XML in forms", async () => {
    const tagging = "<Tagging><TagSet><Tag><Key>a b</Key><Value>1+2=3</Value></Tag></TagSet></Tagging>";
    const fields = signedFields("user/tagged", [["tagging", tagging]]);
    expect((await postForm(verge, { bucket: BUCKET, fields, file: { body: "x" } })).status).toBe(204);
    const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: BUCKET, Key: "user/tagged" }));
    expect(TagSet).toEqual([{ Key: "a b", Value: "1+2=3" }]);
    const broken = signedFields("user/tagged", [["tagging", "a=b"]]);
    const answer = await postForm(verge, { bucket: BUCKET, fields: broken, file: { body: "x" } });
    expect(answer).toMatchObject({ status: 400, code: "MalformedXML" });
  });

  test("is not changed by fields after the file", async () => {
    const after: Fields = [
      ["key", "user/other"],
      ["acl", "public-read"],
    ];
    const form = { bucket: BUCKET, fields: signedFields("user/after"), file: { body: "kept" }, after };
    expect((await postForm(verge, form)).status).toBe(204);
    expect(await read("user/after")).toBe("kept");
  });

  test("may have a boundary in quotes and text before its first part", async () => {
    const form = encodeForm({ fields: signedFields("user/quoted"), file: { body: "q" } }, "a b'c");
    const body = Buffer.concat([Buffer.from("a preamble\r\n"), form]);
    expect((await postBytes(verge, BUCKET, body, `multipart/form-data; boundary="a b'c"`)).status).toBe(204);
    expect(await read("user/quoted")).toBe("q");
  });
});

describe("the answer", () => {
  const post = (extra: Fields) => {
    const fields = signedFields("user/a&b.txt", extra);
    return postForm(verge, { bucket: BUCKET, fields, file: { body: "hello" } });
  };
  const etag = "5d41402abc4b2a76b9719d911017c592";

  test("is what success_action_status says, if S3 knows it", async () => {
    expect((await post([["success_action_status", "200"]])).status).toBe(200);
    expect((await post([["success_action_status", "204"]])).status).toBe(204);
    expect((await post([["success_action_status", "404"]])).status).toBe(204);
  });

  test("of 201 names bucket, key, ETag and location", async () => {
    const answer = await post([["success_action_status", "201"]]);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toBe("application/xml");
    expect(answer.text).toContain(
      `<PostResponse><Location>${verge.endpoint}/${BUCKET}/user/a%26b.txt</Location><Bucket>${BUCKET}</Bucket>` +
        `<Key>user/a&amp;b.txt</Key><ETag>&quot;${etag}&quot;</ETag></PostResponse>`,
    );
  });

  test("is a redirection where the form gives a URL, and tells it what was written", async () => {
    const written = `bucket=${BUCKET}&key=user%2Fa%26b.txt&etag=%22${etag}%22`;
    const target = async (url: string, field = "success_action_redirect") => {
      const answer = await post([
        [field, url],
        ["success_action_status", "201"],
      ]);
      return [answer.status, answer.headers.get("location")];
    };
    expect(await target("http://example.com/done")).toEqual([303, `http://example.com/done?${written}`]);
    expect(await target("http://example.com/done?a=1#top")).toEqual([
      303,
      `http://example.com/done?a=1&${written}#top`,
    ]);
    expect(await target("http://example.com/done", "redirect")).toEqual([303, `http://example.com/done?${written}`]);
    expect((await target("not a url"))[0]).toBe(201);
    expect((await target("javascript:alert(1)"))[0]).toBe(201);
  });
});

describe("SigV2", () => {
  test("signs forms, and no field of it needs a condition", async () => {
    const fields: Fields = [["key", "user/v2"], ...signV2(verge, encodePolicy({ conditions: COVERED }))];
    expect((await postForm(verge, { bucket: BUCKET, fields, file: { body: "two" } })).status).toBe(204);
    expect(await read("user/v2")).toBe("two");
  });

  test("is refused with a wrong secret, an unknown key, or half of it", async () => {
    const policy = encodePolicy({ conditions: COVERED });
    const send = (signed: Fields) =>
      postForm(verge, { bucket: BUCKET, fields: [["key", "user/v2-bad"], ...signed], file: { body: "x" } });
    expect(await send(signV2({ ...verge, secretAccessKey: "guess" }, policy))).toMatchObject({
      status: 403,
      code: "SignatureDoesNotMatch",
    });
    expect(await send(signV2({ ...verge, accessKeyId: "foo" }, policy))).toMatchObject({
      status: 403,
      code: "InvalidAccessKeyId",
    });
    for (const missing of ["AWSAccessKeyId", "policy", "signature"]) {
      expect(await send(signV2(verge, policy).filter(([name]) => name !== missing))).toMatchObject({
        status: 400,
        code: "InvalidArgument",
        message: `Bucket POST must contain a field named '${missing}'.  If it is specified, please check the order of the fields.`,
      });
    }
  });
});
