import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import type { KmsOperation } from "./call.ts";
import { decrypt, encrypt, generateDataKey, generateDataKeyWithoutPlaintext, generateRandom, reEncrypt } from "./cryptography.ts";
import * as keys from "./keys.ts";
import * as rotation from "./rotation.ts";
import { listResourceTags, tagResource, untagResource } from "./tags.ts";

/** The operations of KMS that are served. */
// oxfmt-ignore
export const kmsOperations: readonly KmsOperation[] = [
  { name: "CreateKey", access: "kms:CreateKey", handle: keys.createKey },
  { name: "DescribeKey", access: "kms:DescribeKey", handle: keys.describeKey },
  { name: "ListKeys", access: "kms:ListKeys", handle: keys.listKeys },
  { name: "EnableKey", access: "kms:EnableKey", handle: keys.enableKey },
  { name: "DisableKey", access: "kms:DisableKey", handle: keys.disableKey },
  { name: "UpdateKeyDescription", access: "kms:UpdateKeyDescription", handle: keys.updateKeyDescription },
  { name: "ScheduleKeyDeletion", access: "kms:ScheduleKeyDeletion", handle: keys.scheduleKeyDeletion },
  { name: "CancelKeyDeletion", access: "kms:CancelKeyDeletion", handle: keys.cancelKeyDeletion },
  { name: "EnableKeyRotation", access: "kms:EnableKeyRotation", handle: rotation.enableKeyRotation },
  { name: "DisableKeyRotation", access: "kms:DisableKeyRotation", handle: rotation.disableKeyRotation },
  { name: "GetKeyRotationStatus", access: "kms:GetKeyRotationStatus", handle: rotation.getKeyRotationStatus },
  { name: "RotateKeyOnDemand", access: "kms:RotateKeyOnDemand", handle: rotation.rotateKeyOnDemand },
  { name: "ListKeyRotations", access: "kms:ListKeyRotations", handle: rotation.listKeyRotations },
  { name: "GetKeyPolicy", access: "kms:GetKeyPolicy", handle: keys.getKeyPolicy },
  { name: "ListKeyPolicies", access: "kms:ListKeyPolicies", handle: keys.listKeyPolicies },
  { name: "CreateAlias", access: "kms:CreateAlias", handle: createAlias },
  { name: "UpdateAlias", access: "kms:UpdateAlias", handle: updateAlias },
  { name: "DeleteAlias", access: "kms:DeleteAlias", handle: deleteAlias },
  { name: "ListAliases", access: "kms:ListAliases", handle: listAliases },
  { name: "Encrypt", access: "kms:Encrypt", handle: encrypt },
  { name: "Decrypt", access: "kms:Decrypt", handle: decrypt },
  { name: "ReEncrypt", access: "kms:ReEncrypt", handle: reEncrypt },
  { name: "GenerateDataKey", access: "kms:GenerateDataKey", handle: generateDataKey },
  { name: "GenerateDataKeyWithoutPlaintext", access: "kms:GenerateDataKeyWithoutPlaintext", handle: generateDataKeyWithoutPlaintext },
  { name: "GenerateRandom", access: "kms:GenerateRandom", handle: generateRandom },
  { name: "TagResource", access: "kms:TagResource", handle: tagResource },
  { name: "UntagResource", access: "kms:UntagResource", handle: untagResource },
  { name: "ListResourceTags", access: "kms:ListResourceTags", handle: listResourceTags },
];

const byName = new Map(kmsOperations.map((operation) => [operation.name, operation]));

/** By the name that `X-Amz-Target` has after `TrentService.`. */
export function findKmsOperation(name: string): KmsOperation | undefined {
  return byName.get(name);
}
