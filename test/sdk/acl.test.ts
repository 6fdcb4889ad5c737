import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketEncryptionCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteObjectCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  type Grant,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListPartsCommand,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addAccount, type OtherAccount } from "../support/accounts.ts";
import { createS3Client } from "../support/s3.ts";
import { failureOf, makeBucket, putKeys } from "../support/s3-requests.ts";
import { startVerge, type Verge } from "../support/server.ts";

const ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers";
const denied = { code: "AccessDenied", status: 403 };

let verge: Verge;
let owner: S3Client;
let other: OtherAccount;
let third: OtherAccount;
let Bucket: string;
beforeAll(async () => {
  verge = await startVerge();
  owner = createS3Client(verge);
  [other, third] = await Promise.all([addAccount(verge, "other"), addAccount(verge, "third")]);
});
afterAll(async () => {
  for (const client of [owner, other.s3, third.s3]) client.destroy();
  await verge.stop();
});
beforeEach(async () => {
  Bucket = await makeBucket(owner);
  await setOwnership("ObjectWriter");
  await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await putKeys(owner, Bucket, ["a"]);
});

async function setOwnership(ObjectOwnership: ObjectOwnership): Promise<void> {
  const OwnershipControls = { Rules: [{ ObjectOwnership }] };
  await owner.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
}

async function readUnsigned(key: string): Promise<number> {
  const answer = await fetch(`${verge.endpoint}/${Bucket}/${key}`);
  await answer.arrayBuffer();
  return answer.status;
}

/** `root: FULL_CONTROL`, `AllUsers: READ` */
function describeGrants(grants: readonly Grant[] | undefined): string[] {
  return (grants ?? []).map(
    ({ Grantee, Permission }) => `${Grantee?.DisplayName ?? Grantee?.URI?.split("/").at(-1)}: ${Permission}`,
  );
}

async function grantsOf(Key?: string, client = owner): Promise<string[]> {
  const { Grants } = Key
    ? await client.send(new GetObjectAclCommand({ Bucket, Key }))
    : await client.send(new GetBucketAclCommand({ Bucket }));
  return describeGrants(Grants);
}

describe("where ACLs are off, as in new buckets", () => {
  beforeEach(() => setOwnership("BucketOwnerEnforced"));

  test("none can be set, and all belongs to the owner", async () => {
    const refused = { code: "AccessControlListNotSupported", status: 400 };
    const put = { Bucket, Key: "a", Body: "" };
    const attempts = [
      owner.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" })),
      owner.send(new PutObjectAclCommand({ Bucket, Key: "a", ACL: "public-read" })),
      owner.send(new PutObjectCommand({ ...put, ACL: "public-read" })),
      owner.send(new PutObjectCommand({ ...put, GrantRead: `uri="${ALL_USERS}"` })),
    ];
    for (const failure of await Promise.all(attempts.map(failureOf))) expect(failure).toMatchObject(refused);
    await owner.send(new PutObjectCommand({ ...put, ACL: "bucket-owner-full-control" }));
    // What holds anyway may be said.
    await owner.send(new PutObjectAclCommand({ Bucket, Key: "a", ACL: "bucket-owner-full-control" }));
    expect(await grantsOf()).toEqual(["root: FULL_CONTROL"]);
    expect(await grantsOf("a")).toEqual(["root: FULL_CONTROL"]);
  });

  test("those that were set before mean nothing until they are on again", async () => {
    await setOwnership("ObjectWriter");
    await owner.send(new PutObjectAclCommand({ Bucket, Key: "a", ACL: "public-read" }));
    expect(await readUnsigned("a")).toBe(200);
    await setOwnership("BucketOwnerEnforced");
    expect(await readUnsigned("a")).toBe(403);
    expect(await grantsOf("a")).toEqual(["root: FULL_CONTROL"]);
    await setOwnership("ObjectWriter");
    expect(await readUnsigned("a")).toBe(200);
  });

  test("they stay on while the bucket's own gives rights to others", async () => {
    await setOwnership("ObjectWriter");
    await owner.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
    expect(await failureOf(setOwnership("BucketOwnerEnforced"))).toMatchObject({
      code: "InvalidBucketAclWithObjectOwnership",
    });
    await owner.send(new PutBucketAclCommand({ Bucket, ACL: "private" }));
    await setOwnership("BucketOwnerEnforced");
  });
});

test("ownership controls are what was put; without them the writer owns", async () => {
  for (const ownership of ["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"] as const) {
    await setOwnership(ownership);
    const { OwnershipControls } = await owner.send(new GetBucketOwnershipControlsCommand({ Bucket }));
    expect(OwnershipControls?.Rules).toEqual([{ ObjectOwnership: ownership }]);
  }
  await owner.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  await owner.send(new PutObjectCommand({ Bucket, Key: "a", Body: "", ACL: "public-read" }));
  expect(await readUnsigned("a")).toBe(200);
});

describe("of buckets", () => {
  test.each<[NonNullable<ConstructorParameters<typeof PutBucketAclCommand>[0]["ACL"]>, string[]]>([
    ["private", []],
    ["public-read", ["AllUsers: READ"]],
    ["public-read-write", ["AllUsers: READ", "AllUsers: WRITE"]],
    ["authenticated-read", ["AuthenticatedUsers: READ"]],
  ])("%s", async (ACL, more) => {
    await owner.send(new PutBucketAclCommand({ Bucket, ACL }));
    expect(await grantsOf()).toEqual([...more, "root: FULL_CONTROL"]);
    expect(await readUnsigned("")).toBe(ACL.startsWith("public") ? 200 : 403);
    const listed = await other.s3.send(new ListObjectsCommand({ Bucket })).then(
      ({ Name }) => Name,
      (error: Error) => error.name,
    );
    expect(listed).toBe(ACL === "private" ? "AccessDenied" : Bucket);
  });

  test("grants by id, by address and to groups, in headers", async () => {
    await owner.send(
      new PutBucketAclCommand({
        Bucket,
        GrantRead: `id="${other.canonicalId}", uri=${ALL_USERS}`,
        GrantWriteACP: `emailAddress=${third.email.toUpperCase()}`,
      }),
    );
    expect(await grantsOf()).toEqual(["AllUsers: READ", "other: READ", "third: WRITE_ACP"]);
    await third.s3.send(new PutBucketAclCommand({ Bucket, GrantReadACP: `id=${third.canonicalId}` }));
    expect(await grantsOf(undefined, third.s3)).toEqual(["third: READ_ACP"]);
    expect(await failureOf(other.s3.send(new GetBucketAclCommand({ Bucket })))).toMatchObject(denied);
  });

  test("grants in a document, and what is none", async () => {
    const Owner = (await owner.send(new GetBucketAclCommand({ Bucket }))).Owner!;
    const put = (Grants: Grant[], OwnerOfIt = Owner) =>
      owner.send(new PutBucketAclCommand({ Bucket, AccessControlPolicy: { Owner: OwnerOfIt, Grants } }));
    await put([{ Grantee: { Type: "AmazonCustomerByEmail", EmailAddress: other.email }, Permission: "WRITE" }]);
    expect(await grantsOf()).toEqual(["other: WRITE"]);
    await other.s3.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
    await put([]);
    expect(await grantsOf()).toEqual([]);
    expect((await owner.send(new ListObjectsCommand({ Bucket }))).Contents).toHaveLength(2);
    const nobody = { Type: "CanonicalUser", ID: "nobody" } as const;
    expect(await failureOf(put([{ Grantee: nobody, Permission: "READ" }]))).toMatchObject({ code: "InvalidArgument" });
    const email = { Type: "AmazonCustomerByEmail", EmailAddress: "no@example.com" } as const;
    expect(await failureOf(put([{ Grantee: email, Permission: "READ" }]))).toMatchObject({
      code: "UnresolvableGrantByEmailAddress",
    });
    expect(await failureOf(put([], { ID: other.canonicalId }))).toMatchObject(denied);
    expect(
      await failureOf(
        owner.send(new PutBucketAclCommand({ Bucket, ACL: "private", GrantRead: `id=${other.canonicalId}` })),
      ),
    ).toMatchObject({ code: "InvalidRequest" });
  });

  test("grants to groups come before those to accounts", async () => {
    const { Owner, Grants = [] } = await owner.send(new GetBucketAclCommand({ Bucket }));
    const everybody: Grant = { Grantee: { Type: "Group", URI: ALL_USERS }, Permission: "READ" };
    const AccessControlPolicy = { Owner, Grants: [...Grants, everybody] };
    await owner.send(new PutBucketAclCommand({ Bucket, AccessControlPolicy }));
    expect(await grantsOf()).toEqual(["AllUsers: READ", "root: FULL_CONTROL"]);
  });

  test("policy status: a bucket is public by an ACL that counts", async () => {
    const isPublic = async () =>
      (await owner.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic;
    expect(await isPublic()).toBe(false);
    for (const ACL of ["public-read", "authenticated-read"] as const) {
      await owner.send(new PutBucketAclCommand({ Bucket, ACL }));
      expect(await isPublic()).toBe(true);
    }
    const ignoring = { IgnorePublicAcls: true };
    await owner.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: ignoring }));
    expect(await isPublic()).toBe(false);
    await owner.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await owner.send(new PutBucketAclCommand({ Bucket, GrantRead: `id=${other.canonicalId}` }));
    expect(await isPublic()).toBe(false);
  });

  test("at their creation, where they take any", async () => {
    const create = (input: object) => owner.send(new CreateBucketCommand({ Bucket: `${Bucket}-new`, ...input }));
    expect(await failureOf(create({ ACL: "public-read" }))).toMatchObject({
      code: "InvalidBucketAclWithObjectOwnership",
    });
    expect(await failureOf(create({ ACL: "public-read", ObjectOwnership: "ObjectWriter" }))).toMatchObject({
      code: "InvalidBucketAclWithBlockPublicAccessError",
    });
    await create({ GrantRead: `id=${other.canonicalId}`, ObjectOwnership: "ObjectWriter" });
    const listed = await other.s3.send(new ListObjectsCommand({ Bucket: `${Bucket}-new` }));
    expect(listed.Contents).toBeUndefined();
  });
});

describe("of objects", () => {
  test("in a write, and of the version that they were put to", async () => {
    await owner.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    const first = await owner.send(new PutObjectCommand({ Bucket, Key: "v", Body: "1", ACL: "public-read" }));
    const second = await owner.send(new PutObjectCommand({ Bucket, Key: "v", Body: "2" }));
    expect(await readUnsigned("v")).toBe(403);
    expect(await readUnsigned(`v?versionId=${first.VersionId}`)).toBe(200);
    await owner.send(new PutObjectAclCommand({ Bucket, Key: "v", VersionId: first.VersionId, ACL: "private" }));
    await owner.send(new PutObjectAclCommand({ Bucket, Key: "v", ACL: "public-read" }));
    expect(await readUnsigned(`v?versionId=${first.VersionId}`)).toBe(403);
    expect(await readUnsigned(`v?versionId=${second.VersionId}`)).toBe(200);
  });

  test("a copy has its own", async () => {
    await owner.send(new PutObjectAclCommand({ Bucket, Key: "a", ACL: "public-read" }));
    await owner.send(new CopyObjectCommand({ Bucket, Key: "private", CopySource: `${Bucket}/a` }));
    await owner.send(new CopyObjectCommand({ Bucket, Key: "public", CopySource: `${Bucket}/a`, ACL: "public-read" }));
    expect(await Promise.all(["private", "public"].map(readUnsigned))).toEqual([403, 200]);
  });

  test("what another account writes is its own; the bucket's owner can only delete it", async () => {
    await owner.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${other.canonicalId}`, GrantFullControl: "" }));
    await other.s3.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
    const read = { Bucket, Key: "theirs" };
    expect((await other.s3.send(new GetObjectCommand(read))).ContentLength).toBe(1);
    expect(await failureOf(owner.send(new GetObjectCommand(read)))).toMatchObject(denied);
    expect(await failureOf(owner.send(new PutObjectAclCommand({ ...read, ACL: "public-read" })))).toMatchObject(denied);
    expect(
      await failureOf(owner.send(new CopyObjectCommand({ Bucket, Key: "b", CopySource: `${Bucket}/theirs` }))),
    ).toMatchObject(denied);
    const { Contents } = await owner.send(new ListObjectsCommand({ Bucket }));
    expect(Contents?.map(({ Key, Owner }) => [Key, Owner?.DisplayName])).toEqual([
      ["a", "root"],
      ["theirs", "other"],
    ]);
    await other.s3.send(new PutObjectAclCommand({ ...read, ACL: "bucket-owner-read" }));
    expect((await owner.send(new GetObjectCommand(read))).ContentLength).toBe(1);
    expect(await failureOf(owner.send(new GetObjectAclCommand(read)))).toMatchObject(denied);
    await owner.send(new DeleteObjectCommand(read));
  });

  test("BucketOwnerPreferred: what is written with full control for the owner becomes his", async () => {
    await setOwnership("BucketOwnerPreferred");
    await owner.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${other.canonicalId}` }));
    await other.s3.send(new PutObjectCommand({ Bucket, Key: "given", Body: "x", ACL: "bucket-owner-full-control" }));
    await other.s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "x" }));
    expect((await owner.send(new GetObjectCommand({ Bucket, Key: "given" }))).ContentLength).toBe(1);
    expect(await failureOf(owner.send(new GetObjectCommand({ Bucket, Key: "kept" })))).toMatchObject(denied);
  });

  test("BucketOwnerPreferred: so does an upload in parts", async () => {
    await setOwnership("BucketOwnerPreferred");
    await owner.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${other.canonicalId}` }));
    const upload = async (Key: string, ACL?: "bucket-owner-full-control") => {
      const { UploadId } = await other.s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ACL }));
      const target = { Bucket, Key, UploadId };
      const { ETag } = await other.s3.send(new UploadPartCommand({ ...target, PartNumber: 1, Body: "x" }));
      const { Owner, Initiator } = await other.s3.send(new ListPartsCommand(target));
      const listed = await owner.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
      expect(listed.Uploads?.map((each) => each.Owner?.DisplayName)).toEqual([Owner?.DisplayName]);
      const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
      await other.s3.send(new CompleteMultipartUploadCommand({ ...target, MultipartUpload }));
      return [Owner?.DisplayName, Initiator?.DisplayName];
    };
    expect(await upload("given", "bucket-owner-full-control")).toEqual(["root", "other"]);
    expect(await upload("kept")).toEqual(["other", "other"]);
    expect((await owner.send(new GetObjectCommand({ Bucket, Key: "given" }))).ContentLength).toBe(1);
    expect(await failureOf(owner.send(new GetObjectCommand({ Bucket, Key: "kept" })))).toMatchObject(denied);
  });

  test("who may write may tag what he writes; all tags are the bucket's owner's as well", async () => {
    await owner.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${other.canonicalId}` }));
    const theirs = { Bucket, Key: "theirs" };
    await other.s3.send(new PutObjectCommand({ ...theirs, Body: "x", Tagging: "a=1" }));
    const tagsAs = async ({ s3 }: { s3: S3Client }) => (await s3.send(new GetObjectTaggingCommand(theirs))).TagSet;
    expect(await tagsAs({ s3: owner })).toEqual([{ Key: "a", Value: "1" }]);
    const Tagging = { TagSet: [{ Key: "b", Value: "2" }] };
    await owner.send(new PutObjectTaggingCommand({ ...theirs, Tagging }));
    expect(await tagsAs(other)).toEqual(Tagging.TagSet);
    expect(await failureOf(tagsAs(third))).toMatchObject(denied);
    const existing = new PutObjectTaggingCommand({ Bucket, Key: "a", Tagging });
    expect(await failureOf(other.s3.send(existing))).toMatchObject(denied);
  });

  test("everybody may write to a bucket that says so, and owns nothing of it", async () => {
    await owner.send(new PutBucketAclCommand({ Bucket, ACL: "public-read-write" }));
    const put = await fetch(`${verge.endpoint}/${Bucket}/anybody`, { method: "PUT", body: "x" });
    expect(put.status).toBe(200);
    expect(await readUnsigned("anybody")).toBe(403);
    const remove = await fetch(`${verge.endpoint}/${Bucket}/a`, { method: "DELETE" });
    expect(remove.status).toBe(403);
  });
});

describe("Block Public Access", () => {
  const block = (setting: string) =>
    owner.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { [setting]: true } }));

  test("BlockPublicAcls refuses new ones", async () => {
    await block("BlockPublicAcls");
    const put = { Bucket, Key: "a" };
    expect(await failureOf(owner.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" })))).toMatchObject(denied);
    expect(await failureOf(owner.send(new PutObjectAclCommand({ ...put, ACL: "public-read" })))).toMatchObject(denied);
    expect(await failureOf(owner.send(new PutObjectCommand({ ...put, ACL: "authenticated-read" })))).toMatchObject(
      denied,
    );
    await owner.send(new PutBucketAclCommand({ Bucket, GrantRead: `id=${other.canonicalId}` }));
  });

  test("IgnorePublicAcls makes those that exist void, and takes nothing from those who are named", async () => {
    await owner.send(
      new PutObjectAclCommand({ Bucket, Key: "a", GrantRead: `uri=${ALL_USERS}, id=${other.canonicalId}` }),
    );
    expect(await readUnsigned("a")).toBe(200);
    await block("IgnorePublicAcls");
    expect(await readUnsigned("a")).toBe(403);
    expect((await other.s3.send(new GetObjectCommand({ Bucket, Key: "a" }))).ContentLength).toBe(1);
    expect(await failureOf(third.s3.send(new GetObjectCommand({ Bucket, Key: "a" })))).toMatchObject(denied);
  });
});

test("VERGE_BUCKET_DEFAULTS=open: new buckets take ACLs, block nothing and have no encryption set", async () => {
  await using open = await startVerge({ settings: { VERGE_BUCKET_DEFAULTS: "open" } });
  const client = createS3Client(open);
  await client.send(new CreateBucketCommand({ Bucket: "open", ACL: "public-read" }));
  await client.send(new PutObjectCommand({ Bucket: "open", Key: "a", Body: "x", ACL: "public-read" }));
  expect((await fetch(`${open.endpoint}/open/a`)).status).toBe(200);
  expect((await fetch(`${open.endpoint}/open`)).status).toBe(200);
  const read = { Bucket: "open" };
  const controls = await failureOf(client.send(new GetBucketOwnershipControlsCommand(read)));
  expect(controls).toMatchObject({ code: "OwnershipControlsNotFoundError", status: 404 });
  const missing = { code: "ServerSideEncryptionConfigurationNotFoundError", status: 404 };
  const encryption = () => client.send(new GetBucketEncryptionCommand(read));
  expect(await failureOf(encryption())).toMatchObject(missing);
  const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const } }];
  await client.send(new PutBucketEncryptionCommand({ ...read, ServerSideEncryptionConfiguration: { Rules } }));
  expect((await encryption()).ServerSideEncryptionConfiguration?.Rules).toMatchObject(Rules);
  await client.send(new DeleteBucketEncryptionCommand(read));
  expect(await failureOf(encryption())).toMatchObject(missing);
  client.destroy();
});
