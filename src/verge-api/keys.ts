import { credentialsOf } from "../auth/credentials.ts";
import { askRegistry, registryOf } from "../metadata/registry/client.ts";
import type { AccessKeyRecord, CreateKeyOutcome, KeyStatus } from "../metadata/registry/protocol.ts";
import { parameter, type VergeCall, type VergeResult } from "./call.ts";
import { apiError, noSuchAccount, noSuchKey } from "./errors.ts";
import { KeyInput, readInput } from "./input.ts";

/** POST /accounts/{id}/keys → 201 `{key}`; the only answer that has its secret. */
export async function createKey(call: VergeCall): Promise<VergeResult> {
  const id = parameter(call, "id");
  const input = await readInput(call.payload, KeyInput);
  refuseRootKey(call, input.accessKeyId);
  const credentials = credentialsOf(call.env);
  const { stored, secretAccessKey } = await credentials.issueKey(input);
  const key = requireCreated(await registryOf(call.env).createAccessKey(id, stored), () => noSuchAccount(id));
  credentials.forgetKey(key.accessKeyId);
  return {
    status: 201,
    body: { key: { ...describeKey(key), secretAccessKey } },
    target: `/accounts/${id}/keys/${key.accessKeyId}`,
  };
}

/** DELETE /accounts/{id}/keys/{accessKeyId} → 204. */
export async function deleteKey(call: VergeCall): Promise<VergeResult> {
  const { id, accessKeyId } = readKeyPath(call);
  const removed = await askRegistry(call.env, (registry) => registry.removeAccessKey(id, accessKeyId));
  credentialsOf(call.env).forgetKey(accessKeyId);
  if (!removed) throw noSuchKey(accessKeyId);
  return { status: 204 };
}

/** POST …/disable → 200 `{key}`. The key is refused here at once, and elsewhere within ten seconds. */
export function disableKey(call: VergeCall): Promise<VergeResult> {
  return setStatus(call, "Inactive");
}

/** POST …/enable → 200 `{key}`. */
export function enableKey(call: VergeCall): Promise<VergeResult> {
  return setStatus(call, "Active");
}

/** POST …/rotate → 201 `{key, previous}`: a generated key in place of the other, which becomes Inactive. */
export async function rotateKey(call: VergeCall): Promise<VergeResult> {
  const { id, accessKeyId } = readKeyPath(call);
  const credentials = credentialsOf(call.env);
  const { stored, secretAccessKey } = await credentials.issueKey({});
  const answer = await registryOf(call.env).rotateAccessKey(id, accessKeyId, stored);
  credentials.forgetKey(accessKeyId);
  const key = requireCreated(answer, () => noSuchKey(accessKeyId));
  credentials.forgetKey(key.accessKeyId);
  return {
    status: 201,
    body: { key: { ...describeKey(key), secretAccessKey }, previous: accessKeyId },
    target: `/accounts/${id}/keys/${key.accessKeyId}`,
  };
}

/** The root key is the environment's: it is neither stored nor changed here, and no stored key may have its id. */
export function refuseRootKey(call: VergeCall, accessKeyId: string | undefined): void {
  if (accessKeyId === undefined || !credentialsOf(call.env).isRootKey(accessKeyId)) return;
  throw apiError(
    "InvalidInput",
    "This is the root key. It comes from the deployment's environment and is changed there.",
  );
}

export function describeKey(key: AccessKeyRecord): object {
  return {
    accessKeyId: key.accessKeyId,
    accountId: key.accountId,
    status: key.status,
    origin: key.imported ? "imported" : "generated",
    createdAt: new Date(key.createdAt).toISOString(),
  };
}

async function setStatus(call: VergeCall, status: KeyStatus): Promise<VergeResult> {
  const { id, accessKeyId } = readKeyPath(call);
  const key = await askRegistry(call.env, (registry) => registry.setAccessKeyStatus(id, accessKeyId, status));
  credentialsOf(call.env).forgetKey(accessKeyId);
  if (!key) throw noSuchKey(accessKeyId);
  return { status: 200, body: { key: describeKey(key) } };
}

function readKeyPath(call: VergeCall): { id: string; accessKeyId: string } {
  const accessKeyId = parameter(call, "accessKeyId");
  refuseRootKey(call, accessKeyId);
  return { id: parameter(call, "id"), accessKeyId };
}

function requireCreated(answer: CreateKeyOutcome, notFound: () => Error): AccessKeyRecord {
  if (answer.outcome === "ok") return answer.key;
  if (answer.outcome === "not-found") throw notFound();
  if (answer.outcome === "exists") throw apiError("EntityAlreadyExists", "An access key with this id already exists.");
  throw apiError("LimitExceeded", "The account or the deployment holds as many access keys as it can.");
}
