import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  UpdateKeyDescriptionCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKmsClient, refusal } from "../../support/kms.ts";
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

async function createKey(input: object = {}): Promise<{ id: string; arn: string }> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input));
  return { id: KeyMetadata!.KeyId!, arn: KeyMetadata!.Arn! };
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

test("a key is created, described, listed, tagged and named", async () => {
  const { id, arn } = await createKey({ Description: "first", Tags: [{ TagKey: "a", TagValue: "b" }] });
  expect(arn).toMatch(new RegExp(`^arn:aws:kms:${verge.region}:\\d{12}:key/${id}$`));
  await kms.send(new CreateAliasCommand({ AliasName: "alias/first", TargetKeyId: id }));
  for (const KeyId of [id, arn, "alias/first", arn.replace(`key/${id}`, "alias/first")]) {
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject({ KeyId: id, Enabled: true, KeyState: "Enabled", Description: "first" });
  }
  await kms.send(new UpdateKeyDescriptionCommand({ KeyId: id, Description: "second" }));
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: id }));
  expect(KeyMetadata!.Description).toBe("second");
  await kms.send(new TagResourceCommand({ KeyId: id, Tags: [{ TagKey: "c", TagValue: "d" }] }));
  await kms.send(new UntagResourceCommand({ KeyId: id, TagKeys: ["a"] }));
  const { Tags } = await kms.send(new ListResourceTagsCommand({ KeyId: id }));
  expect(Tags).toEqual([{ TagKey: "c", TagValue: "d" }]);
  expect((await kms.send(new GetKeyPolicyCommand({ KeyId: id }))).Policy).toContain("kms:*");
});

test("listings page through keys and aliases", async () => {
  const made = await Promise.all([createKey(), createKey(), createKey()]);
  const seen: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await kms.send(new ListKeysCommand({ Limit: 2, Marker }));
    seen.push(...page.Keys!.map(({ KeyId }) => KeyId!));
    Marker = page.Truncated ? page.NextMarker : undefined;
  } while (Marker !== undefined);
  expect(seen).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
  expect(new Set(seen).size).toBe(seen.length);
  const KeyId = made[0].id;
  await kms.send(new CreateAliasCommand({ AliasName: "alias/listed", TargetKeyId: KeyId }));
  const { Aliases } = await kms.send(new ListAliasesCommand({ KeyId }));
  expect(Aliases!.map(({ AliasName, TargetKeyId }) => [AliasName, TargetKeyId])).toEqual([["alias/listed", KeyId]]);
});

test("an alias moves to another key and goes", async () => {
  const [one, two] = [await createKey(), await createKey()];
  const AliasName = "alias/moving";
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: one.id }));
  const again = kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: two.id }));
  expect(await refusal(again)).toBe("AlreadyExistsException");
  await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: two.id }));
  expect((await kms.send(new DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata!.KeyId).toBe(two.id);
  await kms.send(new DeleteAliasCommand({ AliasName }));
  expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: AliasName })))).toBe("NotFoundException");
});

test("what one key encrypted, it alone decrypts, in the same context", async () => {
  const [one, two] = [await createKey(), await createKey()];
  const EncryptionContext = { b: "2", a: "1" };
  const { CiphertextBlob } = await kms.send(
    new EncryptCommand({ KeyId: one.id, Plaintext: bytes("secret"), EncryptionContext }),
  );
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: "1", b: "2" } }));
  expect(Buffer.from(opened.Plaintext!).toString()).toBe("secret");
  expect(opened.KeyId).toBe(one.arn);
  const without = kms.send(new DecryptCommand({ CiphertextBlob }));
  expect(await refusal(without)).toBe("InvalidCiphertextException");
  const wrongKey = kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId: two.id }));
  expect(await refusal(wrongKey)).toBe("IncorrectKeyException");
  const altered = Uint8Array.from(CiphertextBlob!);
  altered[altered.length - 1]! ^= 1;
  const broken = kms.send(new DecryptCommand({ CiphertextBlob: altered, EncryptionContext }));
  expect(await refusal(broken)).toBe("InvalidCiphertextException");
  const moved = await kms.send(
    new ReEncryptCommand({ CiphertextBlob, SourceEncryptionContext: EncryptionContext, DestinationKeyId: two.id }),
  );
  const reopened = await kms.send(new DecryptCommand({ CiphertextBlob: moved.CiphertextBlob }));
  expect([Buffer.from(reopened.Plaintext!).toString(), reopened.KeyId]).toEqual(["secret", two.arn]);
});

test("a data key comes in clear and encrypted", async () => {
  const { id } = await createKey();
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId: id, KeySpec: "AES_256" }));
  expect(made.Plaintext).toHaveLength(32);
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob }));
  expect(Buffer.from(opened.Plaintext!).equals(Buffer.from(made.Plaintext!))).toBe(true);
  expect(await refusal(kms.send(new GenerateDataKeyCommand({ KeyId: id })))).toBe("ValidationException");
});

test("a key that is disabled or to be deleted does nothing until it is enabled again", async () => {
  const { id } = await createKey();
  const encrypt = () => kms.send(new EncryptCommand({ KeyId: id, Plaintext: bytes("x") }));
  await kms.send(new DisableKeyCommand({ KeyId: id }));
  expect(await refusal(encrypt())).toBe("DisabledException");
  const planned = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: id, PendingWindowInDays: 7 }));
  expect(planned).toMatchObject({ KeyState: "PendingDeletion", PendingWindowInDays: 7 });
  expect(planned.DeletionDate!.getTime() - Date.now()).toBeGreaterThan(6.9 * 24 * 3600_000);
  expect(await refusal(encrypt())).toBe("KMSInvalidStateException");
  expect(await refusal(kms.send(new EnableKeyCommand({ KeyId: id })))).toBe("KMSInvalidStateException");
  await kms.send(new CancelKeyDeletionCommand({ KeyId: id }));
  await kms.send(new EnableKeyCommand({ KeyId: id }));
  expect(await refusal(encrypt())).toBe("nothing was refused");
});

test("a key keeps the id by which it was known elsewhere", async () => {
  const { id } = await createKey({ Tags: [{ TagKey: "verge:key-id", TagValue: "testkey-1" }] });
  expect(id).toBe("testkey-1");
  const again = createKey({ Tags: [{ TagKey: "verge:key-id", TagValue: "testkey-1" }] });
  expect(await refusal(again)).toBe("AlreadyExistsException");
});

test("what is not served and what is not there is refused by name", async () => {
  const { id } = await createKey();
  const sign = new SignCommand({ KeyId: id, Message: bytes("x"), SigningAlgorithm: "ECDSA_SHA_256" });
  expect(await refusal(kms.send(sign))).toBe("UnsupportedOperationException");
  expect(await refusal(createKey({ KeySpec: "RSA_2048", KeyUsage: "SIGN_VERIFY" }))).toBe(
    "UnsupportedOperationException",
  );
  expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: "nobody" })))).toBe("NotFoundException");
  const alias = kms.send(new CreateAliasCommand({ AliasName: "alias/aws/mine", TargetKeyId: id }));
  expect(await refusal(alias)).toBe("InvalidAliasNameException");
  const foreign = `arn:aws:kms:${verge.region}:999999999999:key/x`;
  expect(await refusal(kms.send(new DescribeKeyCommand({ KeyId: foreign })))).toBe("AccessDeniedException");
});
