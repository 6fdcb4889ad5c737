import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { parseCiphertext } from "../../../src/auth/kms/ciphertext.ts";
import { Keyring } from "../../../src/auth/kms/keyring.ts";
import { kmsKeysOf } from "../../../src/metadata/kms/client.ts";

const accountId = "123456789012";
const keys = () => kmsKeysOf(env, accountId);
const keyring = () => new Keyring(env);
const plaintext = () => new Uint8Array(Buffer.from("secret"));

afterEach(async () => {
  keyring().forget();
  await reset();
});

async function createKey() {
  const key = await keyring().mint({});
  await keys().createKey(key);
  return key;
}

async function find(name: string) {
  return (await keyring().find({ accountId, name }))!;
}

/** As if the period were over. */
async function makeDue(id: string): Promise<void> {
  await keys().setRotation(id, 90);
  await runInDurableObject(env.KMS_KEYS.getByName(accountId), (_, { storage }) => {
    storage.sql.exec("UPDATE keys SET rotates_at = ? WHERE id = ?", Date.now() - 1, id);
  });
}

async function open(bytes: Uint8Array, name: string) {
  const opened = await keyring().decrypt(await find(name), parseCiphertext(bytes)!, {});
  return opened && Buffer.from(opened.plaintext).toString();
}

it("rotates a key when it is first read after its date, once", async () => {
  const { id, material } = await createKey();
  const before = await keyring().encrypt(await find(id), plaintext(), {});
  await makeDue(id);
  keyring().forget();
  const found = await Promise.all([find(id), find(id)]);
  expect(found[0].key.material).not.toBe(material);
  const stored = (await keys().findKey(id))!;
  expect(found.map(({ key }) => key.material)).toEqual([stored.material, stored.material]);
  expect(stored.rotations).toMatchObject([{ type: "AUTOMATIC", former: material }]);
  expect(stored.rotatesAt! - Date.now()).toBeGreaterThan(89 * 24 * 3600_000);
  expect(await open(before, id)).toBe("secret");
});

it("leaves a disabled key as it is until it is enabled", async () => {
  const { id, material } = await createKey();
  await makeDue(id);
  await keys().setEnabled(id, false);
  expect((await find(id)).key.material).toBe(material);
  await keys().setEnabled(id, true);
  keyring().forget();
  expect((await find(id)).key.material).not.toBe(material);
});

it("decrypts under material that another isolate minted a moment ago", async () => {
  const { id } = await createKey();
  const stale = await find(id);
  await keys().rotateKey(id, await keyring().mintMaterial(id), "ON_DEMAND");
  const key = (await keys().findKey(id))!;
  const bytes = await keyring().encrypt({ accountId, key }, plaintext(), {});
  expect((await find(id)).key.material).toBe(stale.key.material);
  expect(await open(bytes, id)).toBe("secret");
});

it("rotates the key that Verge made for a service every year", async () => {
  const { key } = await keyring().findS3Key(accountId);
  expect(key.rotatesAt! - key.createdAt).toBe(365 * 24 * 3600_000);
  await runInDurableObject(env.KMS_KEYS.getByName(accountId), (_, { storage }) => {
    storage.sql.exec("UPDATE keys SET rotates_at = 1");
  });
  keyring().forget();
  expect((await keyring().findS3Key(accountId)).key.material).not.toBe(key.material);
});
