import { credentialsOf } from "../auth/credentials.ts";
import { askRegistry, registryOf } from "../metadata/registry/client.ts";
import { directoryOf } from "../metadata/registry/directory.ts";
import type { AccountRecord, CreateAccountOutcome } from "../metadata/registry/protocol.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError, noSuchAccount } from "./errors.ts";
import { AccountInput, readInput, readPage } from "./input.ts";
import { describeKey, refuseRootKey } from "./keys.ts";

/** GET /accounts → `{accounts: [Account], next?}`, in the order of their ids. */
export async function listAccounts(call: VergeCall): Promise<VergeResult> {
  const { after, limit } = readPage(call.query);
  const page = await askRegistry(call.env, (registry) => registry.listAccounts(after, limit));
  const accounts = page.items.map(describeAccount);
  return { status: 200, body: page.next === undefined ? { accounts } : { accounts, next: page.next } };
}

/** POST /accounts → 201 `{account, key}`; the only answer that has the key's secret. */
export async function createAccount(call: VergeCall): Promise<VergeResult> {
  const input = await readInput(call.payload, AccountInput);
  refuseRootKey(call, input.accessKeyId);
  const credentials = credentialsOf(call.env);
  const { stored, secretAccessKey } = await credentials.issueKey(input);
  const name = input.name ?? input.displayName ?? "";
  const created = requireCreated(
    await registryOf(call.env).createAccount(
      {
        name,
        displayName: input.displayName ?? name,
        ...(input.canonicalId === undefined ? {} : { canonicalId: input.canonicalId }),
        ...(input.email === undefined ? {} : { email: input.email }),
      },
      stored,
    ),
  );
  directoryOf(call.env).forgetAccount(created.account);
  credentials.forgetKey(stored.accessKeyId);
  return {
    status: 201,
    body: { account: describeAccount(created.account), key: { ...describeKey(created.key), secretAccessKey } },
    target: `/accounts/${created.account.id}/keys/${stored.accessKeyId}`,
  };
}

/** GET /accounts/{id} → `{account, keys: [Key]}`. */
export async function getAccount(call: VergeCall): Promise<VergeResult> {
  const id = parameter(call, "id");
  const account = await askRegistry(call.env, (registry) => registry.findAccount(id));
  if (!account) throw noSuchAccount(id);
  const stored = await askRegistry(call.env, (registry) => registry.listAccessKeys(id));
  const keys: object[] = stored.map(describeKey);
  const rootKeyId = call.env.VERGE_ROOT_ACCESS_KEY_ID;
  if (account.root && rootKeyId) keys.unshift({ accessKeyId: rootKeyId, status: "Active", origin: "environment" });
  return { status: 200, body: { account: describeAccount(account), keys } };
}

/** DELETE /accounts/{id} → 204; its keys go with it. DeleteConflict while it owns buckets. */
export async function deleteAccount(call: VergeCall): Promise<VergeResult> {
  const id = parameter(call, "id");
  const account = await askRegistry(call.env, (registry) => registry.findAccount(id));
  if (!account) throw noSuchAccount(id);
  const removed = await askRegistry(call.env, (registry) => registry.removeAccount(id));
  if (removed.outcome === "not-found") throw noSuchAccount(id);
  if (removed.outcome === "is-root") {
    throw apiError("InvalidInput", "The root account comes from the deployment's environment and cannot be removed.");
  }
  if (removed.outcome === "owns-buckets") {
    throw apiError(
      "DeleteConflict",
      `Cannot delete entity, must delete its buckets first. The account owns ${removed.buckets}.`,
    );
  }
  directoryOf(call.env).forgetAccount(account);
  for (const accessKeyId of removed.accessKeyIds) credentialsOf(call.env).forgetKey(accessKeyId);
  return { status: 204 };
}

function requireCreated(answer: CreateAccountOutcome): CreateAccountOutcome & { outcome: "ok" } {
  if (answer.outcome === "ok") return answer;
  if (answer.outcome === "exists")
    throw apiError("EntityAlreadyExists", `An account with this ${answer.what} already exists.`);
  throw apiError("LimitExceeded", "The deployment holds as many imported access keys as it can.");
}

function describeAccount(account: AccountRecord): object {
  return { ...account, createdAt: new Date(account.createdAt).toISOString() };
}
