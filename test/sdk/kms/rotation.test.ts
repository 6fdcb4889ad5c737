import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyRotationStatusCommand,
  type KMSClient,
  ListKeyRotationsCommand,
  type ListKeyRotationsCommandInput,
  RotateKeyOnDemandCommand,
  type RotationsListEntry,
  ScheduleKeyDeletionCommand,
} from "@aws-sdk/client-kms";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKmsClient, refusal } from "../../support/kms.ts";
import { makeBucket } from "../../support/s3-requests.ts";
import { createS3Client } from "../../support/s3.ts";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let kms: KMSClient;
beforeAll(async () => {
  verge = await startVerge();
  kms = createKmsClient(verge);
});
afterAll(async () => {
  kms.destroy();
  await verge.stop();
});

const DAY_MS = 24 * 3600_000;
const Plaintext = new Uint8Array(Buffer.from("secret"));
const createKey = async () => (await kms.send(new CreateKeyCommand({}))).KeyMetadata!.KeyId!;
const encrypt = async (KeyId: string) => (await kms.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob!;
const decrypt = (CiphertextBlob: Uint8Array) => kms.send(new DecryptCommand({ CiphertextBlob }));
const rotate = (KeyId: string) => kms.send(new RotateKeyOnDemandCommand({ KeyId }));
const statusOf = (KeyId: string) => kms.send(new GetKeyRotationStatusCommand({ KeyId }));
const materialOf = async (KeyId: string) =>
  (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.CurrentKeyMaterialId!;

async function listRotations(input: ListKeyRotationsCommandInput): Promise<RotationsListEntry[]> {
  const seen: RotationsListEntry[] = [];
  let Marker: string | undefined;
  do {
    const page = await kms.send(new ListKeyRotationsCommand({ ...input, Marker }));
    seen.push(...page.Rotations!);
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  return seen;
}

test("automatic rotation is switched on with a period, and off", async () => {
  const KeyId = await createKey();
  expect((await statusOf(KeyId)).KeyRotationEnabled).toBe(false);
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  expect(await statusOf(KeyId)).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 365 });
  await kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }));
  const { NextRotationDate, ...status } = await statusOf(KeyId);
  expect(status).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
  expect(Math.round((NextRotationDate!.getTime() - Date.now()) / DAY_MS)).toBe(90);
  await kms.send(new DisableKeyRotationCommand({ KeyId }));
  const off = await statusOf(KeyId);
  expect([off.KeyRotationEnabled, off.NextRotationDate, off.RotationPeriodInDays]).toEqual([
    false,
    undefined,
    undefined,
  ]);
});

test("a period that is too short or too long is refused", async () => {
  const KeyId = await createKey();
  for (const RotationPeriodInDays of [89, 2561]) {
    const enable = kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }));
    expect(await refusal(enable)).toBe("ValidationException");
  }
});

test("what was encrypted before a rotation is decrypted after it, under its own material", async () => {
  const KeyId = await createKey();
  const materials = [await materialOf(KeyId)];
  const ciphertexts = [await encrypt(KeyId)];
  for (let turn = 0; turn < 2; turn++) {
    await rotate(KeyId);
    materials.push(await materialOf(KeyId));
    ciphertexts.push(await encrypt(KeyId));
  }
  expect(new Set(materials).size).toBe(3);
  for (const [at, ciphertext] of ciphertexts.entries()) {
    const opened = await decrypt(ciphertext);
    expect(Buffer.from(opened.Plaintext!).toString()).toBe("secret");
    expect(opened.KeyMaterialId).toBe(materials[at]);
  }
  const dataKey = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
  expect(dataKey.KeyMaterialId).toBe(materials[2]);
  const altered = Uint8Array.from(ciphertexts[0]!);
  altered[altered.length - 1]! ^= 1;
  expect(await refusal(decrypt(altered))).toBe("InvalidCiphertextException");
});

test("rotations are listed with their kinds, the latest first", async () => {
  const KeyId = await createKey();
  const materials = [await materialOf(KeyId)];
  for (let turn = 0; turn < 3; turn++) {
    await rotate(KeyId);
    materials.unshift(await materialOf(KeyId));
  }
  const rotations = await listRotations({ KeyId, Limit: 2 });
  expect(rotations.map(({ KeyMaterialId }) => KeyMaterialId)).toEqual(materials.slice(0, 3));
  expect(rotations.map(({ RotationType }) => RotationType)).toEqual(["ON_DEMAND", "ON_DEMAND", "ON_DEMAND"]);
  expect(rotations[0]!.RotationDate!.getTime()).toBeGreaterThan(Date.now() - 60_000);
  const all = await listRotations({ KeyId, Limit: 2, IncludeKeyMaterial: "ALL_KEY_MATERIAL" });
  expect(all.map(({ KeyMaterialState }) => KeyMaterialState)).toEqual([
    "CURRENT",
    "NON_CURRENT",
    "NON_CURRENT",
    "NON_CURRENT",
  ]);
  expect(all.at(-1)!.RotationDate).toBeUndefined();
  const Marker = Buffer.from("0".repeat(64)).toString("base64url");
  const lost = kms.send(new ListKeyRotationsCommand({ KeyId, Marker }));
  expect(await refusal(lost)).toBe("InvalidMarkerException");
});

test("a key is rotated on demand 25 times", async () => {
  const KeyId = await createKey();
  const first = await encrypt(KeyId);
  for (let turn = 0; turn < 25; turn++) await rotate(KeyId);
  expect(await refusal(rotate(KeyId))).toBe("LimitExceededException");
  expect(Buffer.from((await decrypt(first)).Plaintext!).toString()).toBe("secret");
});

test("a key that is disabled or to be deleted is not rotated", async () => {
  const KeyId = await createKey();
  const attempt = () =>
    Promise.all(
      [
        rotate(KeyId),
        kms.send(new EnableKeyRotationCommand({ KeyId })),
        kms.send(new DisableKeyRotationCommand({ KeyId })),
      ].map(refusal),
    );
  await kms.send(new EnableKeyRotationCommand({ KeyId }));
  await kms.send(new DisableKeyCommand({ KeyId }));
  expect(await attempt()).toEqual(Array(3).fill("DisabledException"));
  expect((await statusOf(KeyId)).KeyRotationEnabled).toBe(true);
  await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
  expect(await attempt()).toEqual(Array(3).fill("KMSInvalidStateException"));
  expect((await statusOf(KeyId)).KeyRotationEnabled).toBe(false);
  await kms.send(new CancelKeyDeletionCommand({ KeyId }));
  await kms.send(new EnableKeyCommand({ KeyId }));
  expect((await statusOf(KeyId)).KeyRotationEnabled).toBe(true);
  expect(await refusal(rotate(KeyId))).toBe("nothing was refused");
});

test("objects are read whose key was rotated, and the service's own key rotates every year", async () => {
  const s3 = createS3Client(verge);
  const Bucket = await makeBucket(s3);
  const SSEKMSKeyId = await createKey();
  const input = { Bucket, Body: "body", ServerSideEncryption: "aws:kms" as const };
  await s3.send(new PutObjectCommand({ ...input, Key: "before", SSEKMSKeyId }));
  await rotate(SSEKMSKeyId);
  await s3.send(new PutObjectCommand({ ...input, Key: "after", SSEKMSKeyId }));
  for (const Key of ["before", "after"]) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(await Body!.transformToString()).toBe("body");
  }
  await s3.send(new PutObjectCommand({ ...input, Key: "managed" }));
  const managed = await statusOf("alias/aws/s3");
  expect(managed).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 365 });
  expect(await refusal(rotate(managed.KeyId!))).toBe("AccessDeniedException");
  s3.destroy();
});
