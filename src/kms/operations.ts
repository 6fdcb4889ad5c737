import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import type { KmsOperation } from "./call.ts";
import { decrypt, encrypt, generateDataKey, generateDataKeyWithoutPlaintext, generateRandom, reEncrypt } from "./cryptography.ts";
import * as keys from "./keys.ts";
import * as policies from "./policies.ts";
import * as rotation from "./rotation.ts";
import { listResourceTags, tagResource, untagResource } from "./tags.ts";

/** The operations of KMS that are served. */
// oxfmt-ignore
export const kmsOperations: readonly KmsOperation[] = [
  { name: "CreateKey", access: "kms:CreateKey", on: "account", handle: keys.createKey },
  { name: "DescribeKey", access: "kms:DescribeKey", on: "key", handle: keys.describeKey },
  { name: "ListKeys", access: "kms:ListKeys", on: "account", handle: keys.listKeys },
  { name: "EnableKey", access: "kms:EnableKey", on: "key", handle: keys.enableKey },
  { name: "DisableKey", access: "kms:DisableKey", on: "key", handle: keys.disableKey },
  { name: "UpdateKeyDescription", access: "kms:UpdateKeyDescription", on: "key", handle: keys.updateKeyDescription },
  { name: "ScheduleKeyDeletion", access: "kms:ScheduleKeyDeletion", on: "key", handle: keys.scheduleKeyDeletion },
  { name: "CancelKeyDeletion", access: "kms:CancelKeyDeletion", on: "key", handle: keys.cancelKeyDeletion },
  { name: "EnableKeyRotation", access: "kms:EnableKeyRotation", on: "key", handle: rotation.enableKeyRotation },
  { name: "DisableKeyRotation", access: "kms:DisableKeyRotation", on: "key", handle: rotation.disableKeyRotation },
  { name: "GetKeyRotationStatus", access: "kms:GetKeyRotationStatus", on: "key", handle: rotation.getKeyRotationStatus },
  { name: "RotateKeyOnDemand", access: "kms:RotateKeyOnDemand", on: "key", handle: rotation.rotateKeyOnDemand },
  { name: "ListKeyRotations", access: "kms:ListKeyRotations", on: "key", handle: rotation.listKeyRotations },
  { name: "GetKeyPolicy", access: "kms:GetKeyPolicy", on: "key", handle: policies.getKeyPolicy },
  { name: "PutKeyPolicy", access: "kms:PutKeyPolicy", on: "key", handle: policies.putKeyPolicy },
  { name: "ListKeyPolicies", access: "kms:ListKeyPolicies", on: "key", handle: policies.listKeyPolicies },
  { name: "CreateAlias", access: "kms:CreateAlias", on: "key", handle: createAlias },
  { name: "UpdateAlias", access: "kms:UpdateAlias", on: "key", handle: updateAlias },
  { name: "DeleteAlias", access: "kms:DeleteAlias", on: "key", handle: deleteAlias },
  { name: "ListAliases", access: "kms:ListAliases", on: "account", handle: listAliases },
  { name: "Encrypt", access: "kms:Encrypt", on: "key", handle: encrypt },
  { name: "Decrypt", access: "kms:Decrypt", on: "key", handle: decrypt },
  { name: "ReEncrypt", access: "kms:ReEncrypt", on: "key", handle: reEncrypt },
  { name: "GenerateDataKey", access: "kms:GenerateDataKey", on: "key", handle: generateDataKey },
  { name: "GenerateDataKeyWithoutPlaintext", access: "kms:GenerateDataKeyWithoutPlaintext", on: "key", handle: generateDataKeyWithoutPlaintext },
  { name: "GenerateRandom", access: "kms:GenerateRandom", on: "account", handle: generateRandom },
  { name: "TagResource", access: "kms:TagResource", on: "key", handle: tagResource },
  { name: "UntagResource", access: "kms:UntagResource", on: "key", handle: untagResource },
  { name: "ListResourceTags", access: "kms:ListResourceTags", on: "key", handle: listResourceTags },
];

const byName = new Map(kmsOperations.map((operation) => [operation.name, operation]));

/** By the name that `X-Amz-Target` has after `TrentService.`. */
export function findKmsOperation(name: string): KmsOperation | undefined {
  return byName.get(name);
}
