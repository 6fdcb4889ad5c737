import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Credentials } from "../../../src/auth/credentials.ts";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import { Directory } from "../../../src/metadata/registry/directory.ts";
import { countingEnv, secrets, testEnv } from "./support.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

function isolate(overrides: Partial<typeof secrets> = {}) {
  const env = countingEnv({ ...testEnv(), ...overrides });
  const directory = new Directory(env);
  return { env, directory, credentials: new Credentials(env, directory) };
}

async function storeKey(credentials: Credentials, given: { accessKeyId?: string; secretAccessKey?: string } = {}) {
  const registry = registryOf(testEnv());
  const { stored, secretAccessKey } = await credentials.issueKey(given);
  const created = await registry.createAccount({ name: "tester", displayName: "Tester" }, stored);
  if (created.outcome !== "ok") throw new Error(created.outcome);
  return { account: created.account, accessKeyId: stored.accessKeyId, secretAccessKey };
}

describe("the root key", () => {
  it("comes from the environment and belongs to an account that is always there", async () => {
    const { credentials } = isolate();
    const root = await credentials.findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID);
    expect(root).toMatchObject({
      secretAccessKey: secrets.VERGE_ROOT_SECRET_ACCESS_KEY,
      status: "Active",
      account: { root: true },
    });
    expect(root?.account.id).toMatch(/^[1-9]\d{11}$/);
    expect(root?.account.canonicalId).toMatch(/^[0-9a-f]{64}$/);
  });

  it("keeps its account's ids when the registry is lost, and asks once per isolate", async () => {
    const { env, credentials } = isolate();
    const before = await credentials.findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID);
    for (let i = 0; i < 5; i++) await credentials.findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID);
    expect(env.calls()).toEqual(["findRootAccount"]);
    await reset();
    const after = await isolate().credentials.findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID);
    expect(after?.account.id).toBe(before?.account.id);
    expect(after?.account.canonicalId).toBe(before?.account.canonicalId);
  });
});

describe("generated keys", () => {
  it("have AWS's shape, are found with their secret, and are read once while they are fresh", async () => {
    const { env, credentials } = isolate();
    const key = await storeKey(credentials);
    expect(key.accessKeyId).toMatch(/^VRGE[A-Z2-7]{16}$/);
    expect(key.secretAccessKey).toMatch(/^[A-Za-z0-9]{40}$/);
    for (let i = 0; i < 5; i++) {
      const found = await credentials.findCredential(key.accessKeyId);
      expect(found).toMatchObject({
        secretAccessKey: key.secretAccessKey,
        status: "Active",
        account: { id: key.account.id },
      });
    }
    expect(env.calls()).toEqual(["findAccessKey"]);
  });

  it("are never stored in clear", async () => {
    const { credentials } = isolate();
    const key = await storeKey(credentials);
    const found = await registryOf(testEnv()).findAccessKey(key.accessKeyId);
    expect(JSON.stringify(found)).not.toContain(key.secretAccessKey);
  });

  it("are refused without a look-up when forged", async () => {
    const { env, credentials } = isolate();
    const { accessKeyId } = await storeKey(credentials);
    await credentials.findCredential("NOT-THERE");
    const before = env.calls().length;
    const last = accessKeyId.endsWith("A") ? "B" : "A";
    expect(await credentials.findCredential(accessKeyId.slice(0, -1) + last)).toBeUndefined();
    for (let i = 0; i < 50; i++) {
      expect(
        await credentials.findCredential(`VRGE${"ABCDEFGHIJKLMNOP".slice(i % 10).padEnd(16, "Q")}`),
      ).toBeUndefined();
    }
    expect(env.calls().length).toBe(before);
  });

  it("stop within ten seconds when they are disabled elsewhere, at once when here", async () => {
    const { credentials } = isolate();
    const key = await storeKey(credentials);
    const clock = vi.spyOn(Date, "now");
    const start = Date.now();
    await credentials.findCredential(key.accessKeyId);
    await registryOf(testEnv()).setAccessKeyStatus(key.account.id, key.accessKeyId, "Inactive");

    expect((await credentials.findCredential(key.accessKeyId))?.status).toBe("Active");
    clock.mockReturnValue(start + 10_500);
    expect((await credentials.findCredential(key.accessKeyId))?.status).toBe("Inactive");

    await registryOf(testEnv()).setAccessKeyStatus(key.account.id, key.accessKeyId, "Active");
    credentials.forgetKey(key.accessKeyId);
    expect((await credentials.findCredential(key.accessKeyId))?.status).toBe("Active");
  });

  it("do not open under another master key, and their ids are forgeries there", async () => {
    const { credentials } = isolate();
    const generated = await storeKey(credentials);
    const imported = await storeKey(credentials, { accessKeyId: "imported-key", secretAccessKey: "imported-secret" });
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const other = isolate({ VERGE_MASTER_KEY: "another master key of forty characters.." }).credentials;
    expect(await other.findCredential(generated.accessKeyId)).toBeUndefined();
    expect(await other.findCredential(imported.accessKeyId)).toBeUndefined();
    expect(report).toHaveBeenCalledOnce();
    expect(String(report.mock.calls)).not.toContain(imported.secretAccessKey);
  });
});

describe("imported keys", () => {
  it("work at once where they were imported and within seconds elsewhere", async () => {
    const [here, elsewhere] = [isolate(), isolate()];
    expect(await here.credentials.findCredential("tests_key.1")).toBeUndefined();
    expect(await elsewhere.credentials.findCredential("tests_key.1")).toBeUndefined();
    const key = await storeKey(here.credentials, { accessKeyId: "tests_key.1", secretAccessKey: "tests-secret" });
    here.credentials.forgetKey(key.accessKeyId);
    expect((await here.credentials.findCredential("tests_key.1"))?.secretAccessKey).toBe("tests-secret");
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 6_500);
    expect((await elsewhere.credentials.findCredential("tests_key.1"))?.secretAccessKey).toBe("tests-secret");
  });

  it("cost one look-up in seconds for any number of ids that nobody imported", async () => {
    const { env, credentials } = isolate();
    for (let i = 0; i < 100; i++) expect(await credentials.findCredential(`AKIAGUESS${i}`)).toBeUndefined();
    expect(await credentials.findCredential("A".repeat(5_000))).toBeUndefined();
    expect(env.calls()).toEqual(["listImportedKeyIds"]);
  });

  it("that were generated here and come back have their tag still", async () => {
    const { credentials } = isolate();
    const generated = (await credentials.issueKey({})).stored.accessKeyId;
    expect((await credentials.issueKey({ accessKeyId: generated })).stored.imported).toBe(false);
    expect((await credentials.issueKey({ accessKeyId: "VRGEAAAAAAAAAAAAAAAA" })).stored.imported).toBe(true);
  });
});

it("refuses session tokens, which nobody has issued", async () => {
  const { credentials } = isolate();
  await expect(credentials.findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID, "token")).rejects.toMatchObject({
    code: "InvalidToken",
    status: 400,
    message: "The provided token is malformed or otherwise invalid.",
  });
});
