import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  ListKeyPoliciesCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kmsOperations } from "../../../src/kms/operations.ts";
import { addAccount, type OtherAccount } from "../../support/accounts.ts";
import { createKmsClient } from "../../support/kms.ts";
import { startVerge, type Verge } from "../../support/server.ts";
import { signedFetch } from "../../support/signed-fetch.ts";
import { clientsOf, documentOf, type Keys, makeUser } from "../iam/iam-support.ts";

let verge: Verge;
let kms: KMSClient;
let accountId: string;
let other: OtherAccount;
/** A user without policies, and one who may do everything with KMS. */
let plain: Keys;
let plainKms: KMSClient;
let adminKms: KMSClient;
beforeAll(async () => {
  verge = await startVerge();
  const root = clientsOf(verge);
  kms = createKmsClient(verge);
  accountId = (await root.sts.send(new GetCallerIdentityCommand({}))).Account!;
  other = await addAccount(verge, "other");
  plain = await makeUser(root.iam, "plain");
  const admin = await makeUser(root.iam, "admin", { Effect: "Allow", Action: "kms:*", Resource: "*" });
  plainKms = createKmsClient(verge, { credentials: plain });
  adminKms = createKmsClient(verge, { credentials: admin });
});
afterAll(async () => {
  for (const client of [kms, plainKms, adminKms]) client.destroy();
  await verge.stop();
});

const Plaintext = new Uint8Array(Buffer.from("secret"));
const denied = { name: "AccessDeniedException" };
const malformed = { name: "MalformedPolicyDocumentException" };
const arnOf = (user: string) => `arn:aws:iam::${accountId}:user/${user}`;
const owner = () => ({
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${accountId}:root` },
  Action: "kms:*",
  Resource: "*",
});
const allow = (AWS: string, Action: string | string[], Condition?: object) => ({
  Effect: "Allow",
  Principal: { AWS },
  Action,
  Resource: "*",
  ...(Condition && { Condition }),
});
const createKey = async (input: CreateKeyCommandInput = {}) =>
  (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.KeyId!;
const keyWith = (...statements: object[]) => createKey({ Policy: documentOf(...statements) });
const put = (KeyId: string, ...statements: object[]) =>
  kms.send(new PutKeyPolicyCommand({ KeyId, Policy: documentOf(...statements) }));
const encrypt = (client: KMSClient, KeyId: string, EncryptionContext: Record<string, string> = {}) =>
  client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));

test("a policy is kept as it was put", async () => {
  const Policy = documentOf(owner()).replace("{", "{\n  ");
  const KeyId = await createKey({ Policy });
  expect(await kms.send(new GetKeyPolicyCommand({ KeyId }))).toMatchObject({ Policy, PolicyName: "default" });
  expect((await kms.send(new ListKeyPoliciesCommand({ KeyId }))).PolicyNames).toEqual(["default"]);
  const next = documentOf(owner(), allow(arnOf("plain"), "kms:DescribeKey"));
  await kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: "default", Policy: next }));
  expect((await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(next);
});

test("until one is put, the policy leaves the key to its account", async () => {
  const KeyId = await createKey();
  const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  expect(JSON.parse(Policy!)).toMatchObject({ Statement: [owner()] });
  await encrypt(adminKms, KeyId);
  await expect(encrypt(plainKms, KeyId)).rejects.toMatchObject({
    ...denied,
    message: expect.stringContaining("because no identity-based policy allows the kms:Encrypt action") as string,
  });
});

describe("a key's policy", () => {
  test("is enough for whom it names", async () => {
    const KeyId = await keyWith(owner(), allow(arnOf("plain"), ["kms:Encrypt", "kms:Decrypt"]));
    const { CiphertextBlob } = await encrypt(plainKms, KeyId);
    const opened = await plainKms.send(new DecryptCommand({ CiphertextBlob }));
    expect(Buffer.from(opened.Plaintext!).toString()).toBe("secret");
    await expect(plainKms.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject(denied);
  });

  test("keeps out whom it does not let in, whatever his own policies say, the account's root too", async () => {
    const Policy = documentOf(allow(arnOf("plain"), "kms:*"));
    const KeyId = await createKey({ Policy, BypassPolicyLockoutSafetyCheck: true });
    await encrypt(plainKms, KeyId);
    for (const client of [adminKms, kms]) {
      await expect(encrypt(client, KeyId)).rejects.toMatchObject({
        ...denied,
        message: expect.stringContaining("because no resource-based policy allows the kms:Encrypt action") as string,
      });
    }
    // No policy makes a key nobody's.
    await put(KeyId, owner());
    await encrypt(kms, KeyId);
    await encrypt(adminKms, KeyId);
  });

  test("denies whomever it denies", async () => {
    const deny = { ...allow("*", "kms:Encrypt"), Effect: "Deny" };
    const KeyId = await keyWith(owner(), allow(arnOf("plain"), "kms:*"), deny);
    for (const client of [kms, adminKms, plainKms]) {
      await expect(encrypt(client, KeyId)).rejects.toMatchObject({
        ...denied,
        message: expect.stringContaining("with an explicit deny in a resource-based policy") as string,
      });
    }
  });

  test("can ask for an encryption context, an alias, and who calls", async () => {
    const condition = { StringEquals: { "kms:EncryptionContext:App": "a", "kms:CallerAccount": accountId } };
    const KeyId = await keyWith(owner(), allow(arnOf("plain"), "kms:Encrypt", condition));
    await encrypt(plainKms, KeyId, { App: "a", other: "x" });
    await expect(encrypt(plainKms, KeyId, { App: "b" })).rejects.toMatchObject(denied);
    await expect(encrypt(plainKms, KeyId)).rejects.toMatchObject(denied);
    // Names in policies have no case: two values of one name are none.
    await expect(encrypt(plainKms, KeyId, { App: "b", app: "a" })).rejects.toMatchObject(denied);
    await kms.send(new CreateAliasCommand({ AliasName: "alias/asked", TargetKeyId: KeyId }));
    const byAlias = { StringEquals: { "kms:RequestAlias": "alias/asked" } };
    await put(KeyId, owner(), allow(arnOf("plain"), ["kms:Encrypt", "kms:Decrypt"], byAlias));
    const { CiphertextBlob } = await encrypt(plainKms, "alias/asked");
    await plainKms.send(new DecryptCommand({ CiphertextBlob, KeyId: "alias/asked" }));
    await expect(plainKms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied);
    await expect(encrypt(plainKms, KeyId)).rejects.toMatchObject(denied);
  });
});

test("a user's policies know a key by what it is, whatever alias or ciphertext names it", async () => {
  const KeyId = await createKey();
  await kms.send(new CreateAliasCommand({ AliasName: "alias/hidden", TargetKeyId: KeyId }));
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  const credentials = await makeUser(
    clientsOf(verge).iam,
    "limited",
    { Effect: "Allow", Action: "kms:*", Resource: "*" },
    { Effect: "Deny", Action: "kms:*", Resource: `arn:aws:kms:*:*:key/${KeyId}` },
  );
  const limited = createKmsClient(verge, { credentials });
  await expect(encrypt(limited, "alias/hidden")).rejects.toMatchObject(denied);
  await expect(limited.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject(denied);
  await encrypt(limited, await createKey());
  limited.destroy();
});

test("another account needs the key's policy, and its users their own as well", async () => {
  const { iam } = clientsOf(verge, other.credentials);
  const rootOfOther = createKmsClient(verge, { credentials: other.credentials });
  const powerless = createKmsClient(verge, { credentials: await makeUser(iam, "powerless") });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
  const arn = KeyMetadata!.Arn!;
  await expect(encrypt(rootOfOther, arn)).rejects.toMatchObject(denied);
  await put(arn, owner(), allow(`arn:aws:iam::${other.id}:root`, ["kms:Encrypt", "kms:Decrypt", "kms:Put*"]));
  const { CiphertextBlob, KeyId } = await encrypt(rootOfOther, arn);
  expect(KeyId).toBe(arn);
  expect((await rootOfOther.send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(arn);
  await expect(encrypt(powerless, arn)).rejects.toMatchObject(denied);
  // Never across accounts, whatever a policy says.
  const Policy = documentOf(owner());
  await expect(rootOfOther.send(new PutKeyPolicyCommand({ KeyId: arn, Policy }))).rejects.toMatchObject(denied);
  const nobody = arn.replace(accountId, "999999999999");
  await expect(encrypt(rootOfOther, nobody)).rejects.toMatchObject(denied);
  rootOfOther.destroy();
  powerless.destroy();
});

describe("a policy is refused", () => {
  const attempt = (Policy: string) => kms.send(new CreateKeyCommand({ Policy }));

  test("that is none, or names who does not exist", async () => {
    await expect(attempt("{")).rejects.toMatchObject(malformed);
    const { Principal: _nobody, ...statement } = owner();
    await expect(attempt(documentOf(statement))).rejects.toMatchObject(malformed);
    for (const AWS of ["arn:aws:iam::999999999999:root", "somebody"]) {
      await expect(attempt(documentOf(owner(), allow(AWS, "kms:*")))).rejects.toMatchObject({
        ...malformed,
        message: "Policy contains a statement with one or more invalid principals.",
      });
    }
  });

  test("with conditions that nobody evaluates, by name", async () => {
    const condition = { StringEquals: { "aws:SourceVpce": "vpce-1" } };
    await expect(attempt(documentOf(owner(), allow(arnOf("plain"), "kms:*", condition)))).rejects.toMatchObject({
      ...malformed,
      message: expect.stringContaining("aws:sourcevpce") as string,
    });
    const grants = { Bool: { "kms:GrantIsForAWSResource": "true" } };
    await keyWith(owner(), allow(arnOf("plain"), "kms:CreateGrant", grants));
  });

  test("that locks its author out, unless he means it", async () => {
    const KeyId = await createKey();
    const Policy = documentOf(allow(arnOf("plain"), "kms:*"));
    const lockout = {
      ...malformed,
      message: "The new key policy will not allow you to update the key policy in the future.",
    };
    await expect(attempt(Policy)).rejects.toMatchObject(lockout);
    await expect(kms.send(new PutKeyPolicyCommand({ KeyId, Policy }))).rejects.toMatchObject(lockout);
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy, BypassPolicyLockoutSafetyCheck: true }));
    expect((await plainKms.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(Policy);
  });

  test("that is too long, or has another name", async () => {
    const long = documentOf({ ...owner(), Sid: "x".repeat(33_000) });
    await expect(attempt(long)).rejects.toMatchObject({ name: "LimitExceededException" });
    const KeyId = await createKey();
    const named = new PutKeyPolicyCommand({ KeyId, PolicyName: "second", Policy: documentOf(owner()) });
    await expect(kms.send(named)).rejects.toMatchObject({ name: "NotFoundException" });
  });
});

test("every operation is refused to a user who was given nothing", async () => {
  const KeyId = await createKey();
  await kms.send(new CreateAliasCommand({ AliasName: "alias/walked", TargetKeyId: KeyId }));
  const { CiphertextBlob } = await encrypt(kms, KeyId);
  const body = JSON.stringify({
    KeyId,
    TargetKeyId: KeyId,
    DestinationKeyId: KeyId,
    AliasName: "alias/walked",
    CiphertextBlob: Buffer.from(CiphertextBlob!).toString("base64"),
    Plaintext: Buffer.from(Plaintext).toString("base64"),
    NumberOfBytes: 32,
    Description: "",
    Policy: documentOf(owner()),
    TagKeys: [],
  });
  for (const { name } of kmsOperations) {
    const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `TrentService.${name}` };
    const scope = { service: "kms", region: verge.region };
    const answer = await signedFetch(verge, { method: "POST", target: "/", scope, headers, body, credentials: plain });
    expect([name, answer.status, answer.text]).toEqual([name, 403, expect.stringContaining("AccessDeniedException")]);
  }
});
