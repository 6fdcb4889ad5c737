import {
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  PutKeyPolicyCommand,
  type KMSClient,
} from "@aws-sdk/client-kms";
import { GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addAccount } from "../../support/accounts.ts";
import { createKmsClient } from "../../support/kms.ts";
import { failureOf, makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "../iam/iam-support.ts";

let verge: Verge;
let s3: S3Client;
let kms: KMSClient;
let accountId: string;
let Bucket: string;
/** A user who may do everything with S3 and has nothing from IAM for KMS. */
let credentials: Keys;
let user: S3Client;
beforeAll(async () => {
  verge = await startVerge();
  s3 = createS3Client(verge);
  kms = createKmsClient(verge);
  const root = clientsOf(verge);
  accountId = (await root.sts.send(new GetCallerIdentityCommand({}))).Account!;
  Bucket = await makeBucket(s3);
  credentials = await makeUser(root.iam, "user", { Effect: "Allow", Action: "s3:*", Resource: "*" });
  user = createS3Client(verge, { credentials });
});
afterAll(async () => {
  for (const client of [s3, kms, user]) client.destroy();
  await verge.stop();
});

const denied = { code: "AccessDenied", status: 403 };
const statement = (AWS: string, Action: string | string[], Condition?: object) => ({
  Effect: "Allow",
  Principal: { AWS },
  Action,
  Resource: "*",
  ...(Condition && { Condition }),
});
const owner = () => statement(`arn:aws:iam::${accountId}:root`, "kms:*");
const toUser = (Action: string[], Condition?: object) =>
  statement(`arn:aws:iam::${accountId}:user/user`, Action, Condition);
const createKey = async (...statements: object[]) =>
  (await kms.send(new CreateKeyCommand({ Policy: documentOf(owner(), ...statements) }))).KeyMetadata!.Arn!;
const put = (client: S3Client, Key: string, SSEKMSKeyId?: string) =>
  client.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: "body",
      ServerSideEncryption: "aws:kms",
      ...(SSEKMSKeyId !== undefined && { SSEKMSKeyId }),
    }),
  );
async function read(client: S3Client, Key: string): Promise<string> {
  return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
}

test("who may use S3 needs the key as well", async () => {
  const key = await createKey();
  expect(await failureOf(put(user, "closed", key))).toMatchObject({
    ...denied,
    message: expect.stringContaining("kms:GenerateDataKey") as string,
  });
  await put(s3, "closed", key);
  expect(await failureOf(read(user, "closed"))).toMatchObject({
    ...denied,
    message: expect.stringContaining("kms:Decrypt") as string,
  });
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId: key,
      Policy: documentOf(owner(), toUser(["kms:GenerateDataKey*", "kms:Decrypt"])),
    }),
  );
  await put(user, "open", key);
  for (const Key of ["open", "closed"]) expect(await read(user, Key)).toBe("body");
});

test("a key can be for S3 alone, and for one bucket of it", async () => {
  const key = await createKey(
    toUser(["kms:*"], {
      StringEquals: { "kms:ViaService": `s3.${verge.region}.amazonaws.com` },
      StringLike: { "kms:EncryptionContext:aws:s3:arn": `arn:aws:s3:::${Bucket}/mine/*` },
    }),
  );
  await put(user, "mine/a", key);
  expect(await read(user, "mine/a")).toBe("body");
  expect(await failureOf(put(user, "others/a", key))).toMatchObject(denied);
  const direct = createKmsClient(verge, { credentials });
  const EncryptionContext = { "aws:s3:arn": `arn:aws:s3:::${Bucket}/mine/a` };
  const encrypt = new EncryptCommand({ KeyId: key, Plaintext: new Uint8Array(3), EncryptionContext });
  await expect(direct.send(encrypt)).rejects.toMatchObject({ name: "AccessDeniedException" });
  direct.destroy();
});

test("a Deny of the key holds for the account's root", async () => {
  const deny = { ...statement("*", "kms:Decrypt"), Effect: "Deny" };
  const key = await createKey(deny);
  await put(s3, "denied", key);
  expect(await failureOf(read(s3, "denied"))).toMatchObject(denied);
});

test("the account's aws/s3 is for whoever may use S3, through it alone", async () => {
  await put(user, "managed");
  expect(await read(user, "managed")).toBe("body");
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/aws/s3" }));
  const encrypt = new EncryptCommand({ KeyId: KeyMetadata!.Arn!, Plaintext: new Uint8Array(3) });
  await expect(kms.send(encrypt)).rejects.toMatchObject({ name: "AccessDeniedException" });
});

test("another account reads and writes under a key whose policy lets it", async () => {
  const other = await addAccount(verge, "other");
  const Policy = documentOf({
    Effect: "Allow",
    Principal: { AWS: other.id },
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: `arn:aws:s3:::${Bucket}/*`,
  });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  const key = await createKey();
  await put(s3, "shared", key);
  expect(await failureOf(read(other.s3, "shared"))).toMatchObject(denied);
  expect(await failureOf(put(other.s3, "theirs", key))).toMatchObject(denied);
  const open = statement(other.id, ["kms:Decrypt", "kms:GenerateDataKey"]);
  await kms.send(new PutKeyPolicyCommand({ KeyId: key, Policy: documentOf(owner(), open) }));
  expect(await read(other.s3, "shared")).toBe("body");
  expect((await put(other.s3, "theirs", key)).SSEKMSKeyId).toBe(key);
  expect(await read(s3, "theirs")).toBe("body");
  other.s3.destroy();
});
