import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { BUCKET, CANARY, expectRefusal, startTarget, type Target } from "./target.ts";

// The SDK's presigner moves x-amz-* headers into the query: whoever uses the URL cannot leave them out.

const KEY = "hoisted";

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterEach(async () => {
  await target.send({ method: "DELETE", target: `/${BUCKET}/${KEY}` });
  await target.expectUntouched();
});
afterAll(() => target.stop());

function presign(input: Partial<PutObjectCommandInput>): Promise<string> {
  return getSignedUrl(target.s3, new PutObjectCommand({ Bucket: BUCKET, Key: KEY, ...input }), { expiresIn: 60 });
}

function put(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "PUT", body, headers });
}

async function codeOf(response: Response): Promise<string> {
  return /<Code>(\w+)<\/Code>/.exec(await response.text())?.[1] ?? "";
}

it("attack class 2: applies metadata and storage class from the query", async () => {
  const url = await presign({ Metadata: { owner: "alice", note: "a b+c" }, StorageClass: "STANDARD_IA" });
  expect(url).toContain("x-amz-meta-owner=alice");
  expect((await put(url, "hello")).status).toBe(200);
  const head = await target.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: KEY }));
  expect(head).toMatchObject({ Metadata: { owner: "alice", note: "a b+c" }, StorageClass: "STANDARD_IA" });
});

it("attack class 2: verifies a checksum from the query", async () => {
  // CRC-32 of "hello".
  const url = await presign({ ChecksumCRC32: "NhCmhg==" });
  expect(url).toContain("x-amz-checksum-crc32=");
  const wrong = await put(url, "HELLO");
  expect([wrong.status, await codeOf(wrong)]).toEqual([400, "BadDigest"]);
  expect((await put(url, "hello")).status).toBe(200);
  const found = await target.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY, ChecksumMode: "ENABLED" }));
  expect(found.ChecksumCRC32).toBe("NhCmhg==");
});

it("attack class 2: ignores the checksum that the SDK computes of the body it does not have yet", async () => {
  const url = await presign({});
  expect(url).toContain("x-amz-checksum-crc32=AAAAAA");
  expect((await put(url, "hello")).status).toBe(200);
  const found = await target.s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: KEY, ChecksumMode: "ENABLED" }));
  expect([found.ChecksumCRC32, await found.Body?.transformToString()]).toEqual([undefined, "hello"]);
});

it("attack class 2: judges an ACL from the query", async () => {
  const refused = await put(await presign({ ACL: "public-read" }), "hello");
  expect([refused.status, await codeOf(refused)]).toEqual([400, "AccessControlListNotSupported"]);
  expect((await put(await presign({ ACL: "bucket-owner-full-control" }), "hello")).status).toBe(200);
});

it("attack class 2: refuses a URL whose parameters were changed, removed or added", async () => {
  const url = await presign({ Metadata: { owner: "alice" } });
  const altered = [
    url.replace("alice", "mallory"),
    url.replace("x-amz-meta-owner=alice&", ""),
    `${url}&x-amz-meta-more=1`,
  ];
  for (const changed of altered) {
    const answer = await put(changed, "hello");
    expect([changed, answer.status, await codeOf(answer)]).toEqual([changed, 403, "SignatureDoesNotMatch"]);
  }
});

it("attack class 2: refuses a header that would contradict or join the parameter", async () => {
  const url = await presign({ Metadata: { owner: "alice" } });
  const answer = await put(url, "hello", { "x-amz-meta-owner": "mallory" });
  expect([answer.status, await codeOf(answer)]).toEqual([403, "AccessDenied"]);
});

it("attack class 2: reads x-amz-* parameters in presigned URLs alone", async () => {
  const answer = await target.send({
    method: "PUT",
    target: `/${BUCKET}/${KEY}?x-amz-meta-owner=alice`,
    body: "hello",
  });
  expect(answer.status).toBe(200);
  const { Metadata } = await target.s3.send(new HeadObjectCommand({ Bucket: BUCKET, Key: KEY }));
  expect(Metadata).toEqual({});
});

it("attack class 2: copies by a source in the query only what the signer may read", async () => {
  const draft = { method: "PUT", target: `/${BUCKET}/${KEY}`, body: "" };
  expect(await target.sendPresigned(draft, { "x-amz-copy-source": `${BUCKET}/${CANARY}` })).toMatchObject({
    status: 200,
  });
  expectRefusal(
    await target.sendPresigned(draft, { "x-amz-copy-source": "foreign-bucket/canary" }),
    403,
    "AccessDenied",
  );
});

it.each(["a\nb", "a\rb", "a\0b", "\u007f"])("refuses %j, which no header can hold", async (value) => {
  const draft = { method: "PUT", target: `/${BUCKET}/${KEY}`, body: "hello" };
  expectRefusal(await target.sendPresigned(draft, { "x-amz-meta-a": value }), 400, "InvalidArgument");
});

it("attack class 2: refuses a parameter whose name no header can have, signed or not", async () => {
  const draft = { method: "PUT", target: `/${BUCKET}/${KEY}`, body: "hello" };
  expectRefusal(
    await target.sendPresigned({ ...draft, target: `${draft.target}?x-amz-meta-%20a=1` }),
    400,
    "InvalidArgument",
  );
  const unsigned = { ...draft, target: `${draft.target}?x-amz-meta-%20a=1&X-Amz-Signature=0` };
  expectRefusal(await target.sendAnonymous(unsigned), 400, "InvalidArgument");
});
