import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verge } from "../support/server.ts";
import { startVerge } from "../support/server.ts";

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Created {
  readonly account: { readonly id: string; readonly canonicalId: string };
  readonly key: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

let verge: Verge;
beforeAll(async () => {
  verge = await startVerge();
});
afterAll(() => verge.stop());

/** `npm run accounts -- …`, without npm around it. */
function runAccounts(words: readonly string[], environment: Record<string, string> = rootKey()): Promise<Run> {
  const env = { PATH: process.env["PATH"], VERGE_ENDPOINT: verge.endpoint, VERGE_REGION: verge.region, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, ["scripts/accounts.ts", ...words], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

function rootKey(): Record<string, string> {
  return { VERGE_ROOT_ACCESS_KEY_ID: verge.accessKeyId, VERGE_ROOT_SECRET_ACCESS_KEY: verge.secretAccessKey };
}

async function addAccount(...options: string[]): Promise<Created> {
  const run = await runAccounts(["add", "--json", ...options]);
  expect(run.stderr).toBe("");
  return JSON.parse(run.stdout) as Created;
}

async function listBuckets(key: Created["key"]) {
  const client = new S3Client({
    endpoint: verge.endpoint,
    region: verge.region,
    forcePathStyle: true,
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey },
    maxAttempts: 1,
  });
  try {
    return await client.send(new ListBucketsCommand({}));
  } finally {
    client.destroy();
  }
}

describe("npm run accounts", () => {
  it("adds accounts whose keys the SDK can use", async () => {
    const generated = await addAccount("--name", "alice");
    expect((await listBuckets(generated.key)).Owner).toMatchObject({ ID: generated.account.canonicalId });
    const names = ["--name", "bob", "--display-name", "Bob", "--canonical-id", "bob-id", "--email", "bob@example.com"];
    const given = await addAccount(...names, "--access-key", "bobs_key", "--secret-key", "bobs+secret/key=");
    expect(given.key).toMatchObject({ accessKeyId: "bobs_key", secretAccessKey: "bobs+secret/key=" });
    expect((await listBuckets(given.key)).Owner).toMatchObject({ ID: "bob-id" });
  });

  it("lists and removes them", async () => {
    const { account, key } = await addAccount("--name", "short-lived");
    expect((await runAccounts(["list"])).stdout).toContain(`${account.id}  short-lived`);
    expect(await runAccounts(["remove", account.id])).toMatchObject({ code: 0 });
    expect((await runAccounts(["list"])).stdout).not.toContain(account.id);
    await expect(listBuckets(key)).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
  });

  it("rotates, disables and enables keys", async () => {
    const { account, key } = await addAccount("--name", "keys");
    const rotated = await runAccounts(["keys", "rotate", account.id, key.accessKeyId, "--json"]);
    const second = (JSON.parse(rotated.stdout) as Created).key;
    await expect(listBuckets(key)).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
    await listBuckets(second);
    await runAccounts(["keys", "disable", account.id, second.accessKeyId]);
    await expect(listBuckets(second)).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
    await runAccounts(["keys", "enable", account.id, second.accessKeyId]);
    await listBuckets(second);
    const shown = (await runAccounts(["keys", "list", account.id])).stdout;
    expect(shown).toMatch(new RegExp(`${key.accessKeyId} +Inactive +generated`));
    expect(shown).not.toContain(second.secretAccessKey);
  });

  it("reads the root key of a local server from its state folder", async () => {
    const stateDir = mkdtempSync(join(tmpdir(), "verge-accounts-"));
    writeFileSync(join(stateDir, "credentials.json"), JSON.stringify(verge.credentials));
    expect(await runAccounts(["list"], { VERGE_STATE_DIR: stateDir })).toMatchObject({ code: 0 });
    rmSync(stateDir, { recursive: true });
    const without = await runAccounts(["list"], { VERGE_STATE_DIR: stateDir });
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(without.stderr).toContain("no root key");
  });

  it("is for root alone", async () => {
    const { key } = await addAccount("--name", "curious");
    const run = await runAccounts(["list"], {
      VERGE_ROOT_ACCESS_KEY_ID: key.accessKeyId,
      VERGE_ROOT_SECRET_ACCESS_KEY: key.secretAccessKey,
    });
    expect(run).toMatchObject({ code: 1, stdout: "", stderr: "AccessDenied: Access Denied\n" });
  });

  it.each([
    [["add"], "--name is missing"],
    [["keys", "explode"], 'no command "keys explode"'],
    [["remove"], "takes ACCOUNT"],
    [["list", "--email", "a@b.c"], "no option --email"],
    [["list", "--colour"], "--colour"],
  ])("tells what is wrong with %j", async (words, complaint) => {
    const run = await runAccounts(words);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(complaint);
  });
});
