import { credentialsOf } from "../auth/credentials.ts";
import type { QueryResult } from "../lib/query-protocol.ts";
import { askRegistry, registryOf } from "../metadata/registry/client.ts";
import type { AccessKeyRecord } from "../metadata/registry/protocol.ts";
import type { IamCall } from "./call.ts";
import { iamError, noSuchEntity } from "./errors.ts";
import { cutPage } from "./input.ts";

/** Whose keys a request is about: the user that it names, the calling one, or the account itself. */
interface KeyOwner {
  readonly userName?: string;
  readonly userId?: string;
}

/** The only answer that has the secret. */
export async function createAccessKey(call: IamCall): Promise<QueryResult> {
  const { env, accountId } = call;
  const { userName, userId } = await findOwner(call);
  const credentials = credentialsOf(env);
  const { stored, secretAccessKey } = await credentials.issueKey({});
  const newKey = { ...stored, ...(userId !== undefined && { userId }) };
  const created = await registryOf(env).createAccessKey(accountId, newKey);
  if (created.outcome === "too-many-keys") {
    throw iamError(
      "LimitExceeded",
      `Cannot exceed quota for AccessKeysPer${userId === undefined ? "Account: 100" : "User: 2"}`,
    );
  }
  if (created.outcome !== "ok") throw iamError("NoSuchEntity", "The account of the access key cannot be found.");
  credentials.forgetKey(created.key.accessKeyId);
  return { AccessKey: { ...describeKey(created.key, userName), SecretAccessKey: secretAccessKey } };
}

export async function listAccessKeys(call: IamCall): Promise<QueryResult> {
  const { userName, userId } = await findOwner(call);
  const keys = await askRegistry(call.env, (registry) => registry.listAccessKeys(call.accountId, userId));
  const { items, rest } = cutPage(call.input, keys, ({ accessKeyId }) => accessKeyId);
  return { AccessKeyMetadata: items.map((key) => describeKey(key, userName)), ...rest };
}

export async function updateAccessKey(call: IamCall): Promise<undefined> {
  const status = call.input.required("Status");
  if (status !== "Active" && status !== "Inactive") {
    throw iamError("ValidationError", "The specified value for status is invalid: it must be Active or Inactive.");
  }
  const accessKeyId = await findOwnKey(call);
  await askRegistry(call.env, (registry) => registry.setAccessKeyStatus(call.accountId, accessKeyId, status));
  credentialsOf(call.env).forgetKey(accessKeyId);
}

export async function deleteAccessKey(call: IamCall): Promise<undefined> {
  const accessKeyId = await findOwnKey(call);
  await askRegistry(call.env, (registry) => registry.removeAccessKey(call.accountId, accessKeyId));
  credentialsOf(call.env).forgetKey(accessKeyId);
}

/** The owner's key that the request names: a right over one user's keys is none over another's. */
async function findOwnKey(call: IamCall): Promise<string> {
  const accessKeyId = call.input.required("AccessKeyId");
  const { userId } = await findOwner(call);
  const keys = await askRegistry(call.env, (registry) => registry.listAccessKeys(call.accountId, userId));
  if (keys.some((key) => key.accessKeyId === accessKeyId)) return accessKeyId;
  throw iamError("NoSuchEntity", `The Access Key with id ${accessKeyId} cannot be found.`);
}

async function findOwner({ input, caller: { principal }, iam }: IamCall): Promise<KeyOwner> {
  const userName = input.text("UserName") ?? principal?.userName;
  if (userName === undefined) {
    if (!principal) return {};
    throw iamError("ValidationError", "Must specify userName when calling with non-User credentials");
  }
  const user = await iam.findEntity("user", userName);
  if (!user) throw noSuchEntity("user", userName);
  return { userName: user.name, userId: user.id };
}

function describeKey({ accessKeyId, status, createdAt }: AccessKeyRecord, userName: string | undefined): QueryResult {
  return { UserName: userName, AccessKeyId: accessKeyId, Status: status, CreateDate: new Date(createdAt) };
}
