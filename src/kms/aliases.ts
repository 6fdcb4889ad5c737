import { formatAliasArn } from "../auth/kms/key-names.ts";
import { requireAllowed } from "../auth/policy/decide-action.ts";
import type { AliasOutcome } from "../metadata/kms/protocol.ts";
import {
  arnOf,
  findKey,
  findOwnKey,
  KEY_NAME,
  type KmsCall,
  readChangedKey,
  readPaging,
  renderPaging,
  toSeconds,
} from "./call.ts";
import { kmsError } from "./errors.ts";

const ALIAS = { min: 1, max: 256, pattern: /^[a-zA-Z0-9:/_-]+$/ };

/** CreateAlias */
export async function createAlias(call: KmsCall): Promise<undefined> {
  const name = readAlias(call);
  const { id } = await readChangedKey(call, "TargetKeyId");
  requireAlias(call, name);
  settleAlias(call, name, await call.keys.createAlias(name, id));
}

/** UpdateAlias: the name goes over to another key. */
export async function updateAlias(call: KmsCall): Promise<undefined> {
  const name = readAlias(call);
  const { id } = await readChangedKey(call, "TargetKeyId");
  requireAlias(call, name);
  await findKey(call, name);
  settleAlias(call, name, await call.keys.updateAlias(name, id));
}

/** DeleteAlias */
export async function deleteAlias(call: KmsCall): Promise<undefined> {
  const name = readAlias(call);
  call.input.finish();
  requireAlias(call, name);
  await findKey(call, name);
  settleAlias(call, name, await call.keys.deleteAlias(name));
}

/** ListAliases, of one key or of all. */
export async function listAliases(call: KmsCall): Promise<object> {
  const keyName = call.input.text("KeyId", KEY_NAME);
  const { after, limit } = readPaging(call, 50, 100);
  const keyId = keyName === undefined ? undefined : (await findOwnKey(call, keyName)).key.id;
  const { items, more } = await call.keys.listAliases(keyId, after, limit);
  const Aliases = items.map((alias) => ({
    AliasName: alias.name,
    AliasArn: formatAliasArn(call.region, call.account.id, alias.name),
    TargetKeyId: alias.keyId,
    CreationDate: toSeconds(alias.createdAt),
    LastUpdatedDate: toSeconds(alias.updatedAt),
  }));
  return { Aliases, ...renderPaging(more, items.at(-1)?.name) };
}

/** An alias has no policy; its key, which has one, is asked for as well ("Controlling access to aliases"). */
function requireAlias({ facts, operation, region, account }: KmsCall, name: string): void {
  requireAllowed(facts, { action: `kms:${operation}`, resource: formatAliasArn(region, account.id, name) });
}

/** Names below `alias/aws/` are AWS's. */
function readAlias({ input }: KmsCall): string {
  const name = input.requireText("AliasName", ALIAS);
  if (!/^alias\/./.test(name)) {
    throw kmsError(
      "ValidationException",
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith("alias/aws/"))
    throw kmsError("InvalidAliasNameException", "Alias must not begin with alias/aws/");
  return name;
}

function settleAlias(call: KmsCall, name: string, outcome: AliasOutcome): undefined {
  const { account, region, keyring } = call;
  keyring.forget();
  const arn = formatAliasArn(region, account.id, name);
  if (outcome === "exists") throw kmsError("AlreadyExistsException", `An alias with the name ${arn} already exists`);
  if (outcome === "no-such-alias") throw kmsError("NotFoundException", `Alias ${arn} is not found.`);
  if (outcome === "no-such-key")
    throw kmsError("NotFoundException", `The target key of ${arnOf(call, name)} does not exist`);
}
