import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { credentialsOf } from "../../../src/auth/credentials.ts";
import type { Account, Identity } from "../../../src/auth/identity.ts";
import { Query } from "../../../src/lib/query.ts";
import { beginAudit } from "../../../src/metadata/registry/audit.ts";
import { registryOf } from "../../../src/metadata/registry/client.ts";
import { vergeOperations } from "../../../src/verge-api/operations.ts";
import { secrets, testEnv } from "./support.ts";

let env = testEnv();
beforeEach(() => {
  env = testEnv();
});
afterEach(() => reset());

interface Answer {
  readonly status: number;
  readonly body: Record<string, never> & {
    account: Account & { name: string; createdAt: string };
    accounts: Account[];
    key: { accessKeyId: string; secretAccessKey: string; status: string };
    keys: { accessKeyId: string; secretAccessKey?: string; status: string; origin: string }[];
    records: Record<string, string>[];
    next?: string;
  };
}

/** Calls the API as root, or as `identity`, the way the gateway does after the signature check. */
async function call(method: string, pathAndQuery: string, body?: unknown, identity?: Identity): Promise<Answer> {
  const [path = "", rawQuery = ""] = pathAndQuery.split("?");
  const found = vergeOperations.findTemplate(path.split("/").slice(1));
  const query = new Query(rawQuery);
  const operation = found && vergeOperations.select(method, found.path, query, new Headers());
  if (!operation) throw new Error(`No operation for ${method} ${path}`);
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const result = await operation.handle({
    requestId: "REQUEST",
    identity: identity ?? (await rootIdentity()),
    source: "192.0.2.7",
    parameters: found.parameters,
    query,
    payload: {
      stream: text === undefined ? null : new Response(text).body,
      length: text?.length,
      trailerNames: [],
      trailers: new Map(),
    },
    env,
  });
  return { status: result.status, body: (result.body ?? {}) as Answer["body"] };
}

async function rootIdentity(): Promise<Identity> {
  const root = await credentialsOf(env).findCredential(secrets.VERGE_ROOT_ACCESS_KEY_ID);
  if (!root) throw new Error("no root key");
  return { kind: "account", account: root.account, accessKeyId: root.accessKeyId };
}

function secretOf(accessKeyId: string) {
  return credentialsOf(env).findCredential(accessKeyId);
}

describe("CreateAccount", () => {
  it("makes an account with a key that works at once", async () => {
    const { status, body } = await call("POST", "/accounts", { name: "alice" });
    expect(status).toBe(201);
    expect(body.account).toMatchObject({ name: "alice", displayName: "alice", email: "", root: false });
    expect(body.account.id).toMatch(/^\d{12}$/);
    expect(body.account.canonicalId).toMatch(/^[0-9a-f]{64}$/);
    const credential = await secretOf(body.key.accessKeyId);
    expect(credential).toMatchObject({ secretAccessKey: body.key.secretAccessKey, account: { id: body.account.id } });
  });

  it("takes given values as they are", async () => {
    const given = {
      name: "s3test",
      displayName: "S3 Tester",
      canonicalId: "testid",
      email: "tester@example.com",
      accessKeyId: "0555b35654ad1656d804",
      secretAccessKey: "h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q==",
    };
    const { accessKeyId, secretAccessKey, ...account } = given;
    // Asked for before it exists, so that the isolate has just learned that it is unknown.
    expect(await secretOf(accessKeyId)).toBeUndefined();
    expect((await call("POST", "/accounts", given)).body).toMatchObject({
      account,
      key: { accessKeyId, secretAccessKey },
    });
    expect(await secretOf(accessKeyId)).toMatchObject({ secretAccessKey, account: { canonicalId: "testid" } });
  });

  it.each([
    ["canonicalId", { name: "b", canonicalId: "same" }, { name: "a", canonicalId: "same" }],
    ["email", { name: "b", email: "SAME@example.com" }, { name: "a", email: "same@example.com" }],
    ["accessKeyId", { name: "b", accessKeyId: "same-key" }, { name: "a", accessKeyId: "same-key" }],
  ])("refuses a second account of the same %s and leaves nothing behind", async (_, second, first) => {
    await call("POST", "/accounts", first);
    await expect(call("POST", "/accounts", second)).rejects.toMatchObject({ code: "EntityAlreadyExists", status: 409 });
    expect((await call("GET", "/accounts")).body.accounts.map((account) => account.root)).toHaveLength(2);
  });

  it.each([
    ["no name", {}],
    ["an unknown member", { name: "a", admin: true }],
    ["a name that is no string", { name: 1 }],
    ["control characters", { name: "a\u0000b" }],
    ["an e-mail without @", { name: "a", email: "nobody" }],
    ["a key id with a slash", { name: "a", accessKeyId: "a/b/c/d" }],
    ["a short secret", { name: "a", secretAccessKey: "short" }],
    ["an array", "[]"],
    ["no JSON", "{name:1}"],
    ["a member twice", '{"name":"a","name":"b"}'],
    ["__proto__", '{"name":"a","__proto__":{"root":true}}'],
  ])("refuses %s", async (_, body) => {
    await expect(call("POST", "/accounts", body)).rejects.toMatchObject({ code: "ValidationError", status: 400 });
  });

  it("does not repeat a refused secret", async () => {
    const failure: unknown = await call("POST", "/accounts", { name: "a", secretAccessKey: "bad secret" }).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toContain("secretAccessKey");
    expect(String(failure)).not.toContain("bad secret");
  });

  it("refuses the root key's id and bodies beyond 64 KB", async () => {
    const body = { name: "a", accessKeyId: secrets.VERGE_ROOT_ACCESS_KEY_ID };
    await expect(call("POST", "/accounts", body)).rejects.toMatchObject({ code: "InvalidInput" });
    await expect(call("POST", "/accounts", { name: "a".repeat(70_000) })).rejects.toMatchObject({ status: 413 });
  });
});

describe("reading and removing accounts", () => {
  it("lists the root account and the others, in pages", async () => {
    for (const name of ["a", "b", "c"]) await call("POST", "/accounts", { name });
    const first = (await call("GET", "/accounts?limit=3")).body;
    const rest = (await call("GET", `/accounts?limit=3&after=${first.next}`)).body;
    const all = [...first.accounts, ...rest.accounts];
    expect(all).toHaveLength(4);
    expect(all.filter((account) => account.root)).toHaveLength(1);
    expect(rest.next).toBeUndefined();
  });

  it("shows keys without secrets, the root key too", async () => {
    const { account, key } = (await call("POST", "/accounts", { name: "a" })).body;
    const shown = await call("GET", `/accounts/${account.id}`);
    expect(shown.body.keys).toMatchObject([{ accessKeyId: key.accessKeyId, status: "Active", origin: "generated" }]);
    expect(JSON.stringify(shown.body)).not.toContain(key.secretAccessKey);
    const root = (await rootIdentity()) as { account: Account };
    const { keys } = (await call("GET", `/accounts/${root.account.id}`)).body;
    expect(keys).toEqual([{ accessKeyId: secrets.VERGE_ROOT_ACCESS_KEY_ID, status: "Active", origin: "environment" }]);
  });

  it("removes an account with its keys, but not while it owns buckets, and never root", async () => {
    const { account, key } = (await call("POST", "/accounts", { name: "a" })).body;
    const registry = registryOf(env);
    const reserved = await registry.reserveBucket({
      name: "photos",
      accountId: account.id,
      region: "us-east-1",
      shards: 1,
    });
    if (reserved.outcome !== "created") throw new Error(reserved.outcome);
    await expect(call("DELETE", `/accounts/${account.id}`)).rejects.toMatchObject({
      code: "DeleteConflict",
      status: 409,
    });
    expect(await secretOf(key.accessKeyId)).toBeDefined();

    await registry.removeBucket("photos", reserved.bucket.bucketId);
    expect((await call("DELETE", `/accounts/${account.id}`)).status).toBe(204);
    expect(await secretOf(key.accessKeyId)).toBeUndefined();
    await expect(call("GET", `/accounts/${account.id}`)).rejects.toMatchObject({ code: "NoSuchEntity", status: 404 });

    const root = (await rootIdentity()) as { account: Account };
    await expect(call("DELETE", `/accounts/${root.account.id}`)).rejects.toMatchObject({ code: "InvalidInput" });
  });
});

describe("keys", () => {
  it("are created, disabled, enabled, rotated and deleted, each at once", async () => {
    const { account, key: first } = (await call("POST", "/accounts", { name: "a" })).body;
    const path = `/accounts/${account.id}/keys`;
    const { key: second } = (await call("POST", path)).body;
    expect((await secretOf(second.accessKeyId))?.secretAccessKey).toBe(second.secretAccessKey);

    await call("POST", `${path}/${first.accessKeyId}/disable`);
    expect((await secretOf(first.accessKeyId))?.status).toBe("Inactive");
    await call("POST", `${path}/${first.accessKeyId}/enable`);
    expect((await secretOf(first.accessKeyId))?.status).toBe("Active");

    const { key: third } = (await call("POST", `${path}/${first.accessKeyId}/rotate`)).body;
    expect((await secretOf(first.accessKeyId))?.status).toBe("Inactive");
    expect((await secretOf(third.accessKeyId))?.status).toBe("Active");

    expect((await call("DELETE", `${path}/${first.accessKeyId}`)).status).toBe(204);
    expect(await secretOf(first.accessKeyId)).toBeUndefined();
    await expect(call("DELETE", `${path}/${first.accessKeyId}`)).rejects.toMatchObject({ code: "NoSuchEntity" });
  });

  it("belong to the account of the path", async () => {
    const [a, b] = [
      (await call("POST", "/accounts", { name: "a" })).body,
      (await call("POST", "/accounts", { name: "b" })).body,
    ];
    const path = `/accounts/${a.account.id}/keys/${b.key.accessKeyId}`;
    for (const [method, suffix] of [
      ["DELETE", ""],
      ["POST", "/disable"],
      ["POST", "/enable"],
      ["POST", "/rotate"],
    ] as const) {
      await expect(call(method, path + suffix)).rejects.toMatchObject({ code: "NoSuchEntity" });
    }
    expect((await secretOf(b.key.accessKeyId))?.status).toBe("Active");
  });

  it("of the root account in the environment are not changed here", async () => {
    const root = (await rootIdentity()) as { account: Account };
    const path = `/accounts/${root.account.id}/keys/${secrets.VERGE_ROOT_ACCESS_KEY_ID}`;
    await expect(call("POST", `${path}/disable`)).rejects.toMatchObject({ code: "InvalidInput", status: 400 });
  });
});

describe("who may call, and the audit", () => {
  it("refuses every operation to other accounts and to strangers", async () => {
    const { account, key } = (await call("POST", "/accounts", { name: "a" })).body;
    const other: Identity = { kind: "account", account, accessKeyId: key.accessKeyId };
    for (const row of vergeOperations.rows) {
      const path = row.path.replace("{id}", account.id).replace("{accessKeyId}", key.accessKeyId);
      for (const identity of [other, { kind: "anonymous" } as const]) {
        await expect(call(row.method, path, undefined, identity)).rejects.toMatchObject({
          code: "AccessDenied",
          status: 403,
        });
      }
    }
    expect((await secretOf(key.accessKeyId))?.status).toBe("Active");
    const { records } = (await call("GET", "/audit")).body;
    // Each refusal of a known account left a record; strangers left none.
    expect(records.filter((record) => record["outcome"] === "AccessDenied")).toHaveLength(vergeOperations.rows.length);
  });

  it("records who did what, from where, with which outcome, newest first, and no secret", async () => {
    const { account, key } = (await call("POST", "/accounts", { name: "a" })).body;
    await call("DELETE", "/accounts/999").catch(() => undefined);
    const { records } = (await call("GET", "/audit")).body;
    expect(records.map((record) => [record["action"], record["target"], record["outcome"]])).toEqual([
      ["ListAudit", "/audit", "Started"],
      ["DeleteAccount", "/accounts/999", "NoSuchEntity"],
      ["CreateAccount", `/accounts/${account.id}/keys/${key.accessKeyId}`, "Success"],
    ]);
    expect(records[2]).toMatchObject({
      accessKeyId: secrets.VERGE_ROOT_ACCESS_KEY_ID,
      source: "192.0.2.7",
      requestId: "REQUEST",
    });
    expect(JSON.stringify(records)).not.toContain(key.secretAccessKey);
  });

  it("keeps the latest ten thousand records and gives them in pages", async () => {
    const registry = registryOf(env);
    const event = { requestId: "R", accountId: "1", accessKeyId: "K", source: "", action: "Test", target: "/t" };
    await runInDurableObject(env.REGISTRY.getByName("registry"), (_, state) => {
      for (let i = 0; i < 10_050; i++) beginAudit(state.storage.sql, event);
    });
    let [count, before] = [0, undefined as number | undefined];
    do {
      const page = await registry.listAudit(before, 1_000);
      count += page.items.length;
      before = page.next === undefined ? undefined : Number(page.next);
    } while (before !== undefined);
    expect(count).toBe(10_000);
  });
});
