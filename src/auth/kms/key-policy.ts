import type { KmsKey } from "../../metadata/kms/protocol.ts";
import type { NamedPolicy } from "../policy/evaluate.ts";
import { parsePolicy, PolicySyntaxError } from "../policy/parse.ts";
import type { FoundKey } from "./keyring.ts";

/** What the account's principals do with a key that a service made for them. */
const USES = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"];

/** The policy of a key as JSON: the one that was put, or what a key has until then ("Default key policy"). */
export function policyTextOf({ accountId, key }: FoundKey, region: string): string {
  if (key.policy !== undefined) return key.policy;
  const statements = key.manager === "AWS" ? letThroughService(accountId, region) : [leaveToAccount(accountId)];
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: statements }, undefined, 2);
}

/** The same, read. A key that is cached is the same object for as long. */
export function policyOf(found: FoundKey, region: string): NamedPolicy {
  const known = read.get(found.key);
  if (known) return known;
  const named = { name: `key ${found.key.id}`, policy: parse(policyTextOf(found, region)) };
  read.set(found.key, named);
  return named;
}

const read = new WeakMap<KmsKey, NamedPolicy>();

/** One that cannot be read allows nothing: it was checked when it was put. */
function parse(text: string): NamedPolicy["policy"] {
  try {
    return parsePolicy(text, "resource");
  } catch (error) {
    if (error instanceof PolicySyntaxError) return { version: "2012-10-17", statements: [] };
    throw error;
  }
}

/** Whoever may use the service uses the key through it; directly the account sees what it is like. */
function letThroughService(accountId: string, region: string): object[] {
  return [
    {
      Sid: "Use through Amazon S3",
      Effect: "Allow",
      Principal: { AWS: "*" },
      Action: USES,
      Resource: "*",
      Condition: {
        StringEquals: { "kms:CallerAccount": accountId, "kms:ViaService": `s3.${region}.amazonaws.com` },
      },
    },
    {
      Sid: "Metadata for the account",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${accountId}:root` },
      Action: ["kms:Describe*", "kms:Get*", "kms:List*"],
      Resource: "*",
    },
  ];
}

function leaveToAccount(accountId: string): object {
  return {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
}
