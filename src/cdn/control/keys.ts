import { element } from "../../lib/xml.ts";
import { newCdnId } from "../../metadata/cdn/ids.ts";
import type { KeyGroupConfig, PublicKeyConfig, StoredResource } from "../../metadata/cdn/registry-protocol.ts";
import { cloudFrontError, invalidArgument } from "./errors.ts";
import { checkName } from "./names.ts";
import { describeModified } from "./request-policies.ts";
import type { ResourceType } from "./resource-type.ts";
import { resourceHandlers, summariseWhole } from "./resources.ts";
import { keyGroupShape, publicKeyShape } from "./xml/key-shapes.ts";

/** "Quotas on key groups". */
const MAX_KEYS = 5;
const PEM = /^-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*$/;
const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" };
const ECDSA = { name: "ECDSA", namedCurve: "P-256" };
const RSA_BITS = 2_048;

const publicKeys: ResourceType<"public-key"> = {
  kind: "public-key",
  name: "PublicKey",
  path: "public-key",
  shape: publicKeyShape,
  newId: () => newCdnId("K"),
  nameOf: ({ Name }) => Name,
  check: checkPublicKey,
  checkChange(from, to) {
    const same = (["CallerReference", "Name", "EncodedKey"] as const).every((name) => from[name] === to[name]);
    if (!same) throw cloudFrontError("CannotChangeImmutablePublicKeyFields");
  },
  describe: describeCreated,
  list: "short",
  summarise: (resource, config) =>
    element("PublicKeySummary", [
      element("Id", resource.id),
      element("Name", config.Name),
      describeCreated(resource),
      element("EncodedKey", config.EncodedKey),
      element("Comment", config.Comment),
    ]),
  errors: {
    notFound: "NoSuchPublicKey",
    alreadyExists: "PublicKeyAlreadyExists",
    inUse: "PublicKeyInUse",
    tooMany: "TooManyPublicKeys",
  },
};

const keyGroups: ResourceType<"key-group"> = {
  kind: "key-group",
  name: "KeyGroup",
  path: "key-group",
  shape: keyGroupShape,
  newId: () => crypto.randomUUID(),
  nameOf: ({ Name }) => Name,
  check: checkKeyGroup,
  references: ({ Items }) => Items.map((id) => ({ kind: "public-key", id })),
  describe: describeModified,
  list: "short",
  summarise: (resource, config) => element("KeyGroupSummary", summariseWhole(keyGroups, resource, config)),
  errors: {
    notFound: "NoSuchResource",
    alreadyExists: "KeyGroupAlreadyExists",
    inUse: "ResourceInUse",
    tooMany: "TooManyKeyGroups",
  },
};

export const publicKeyHandlers = resourceHandlers(publicKeys);
export const keyGroupHandlers = resourceHandlers(keyGroups);

function describeCreated({ createdAt }: StoredResource) {
  return element("CreatedTime", new Date(createdAt).toISOString());
}

/** CloudFront takes RSA keys of 2,048 bits and ECDSA keys on P-256. */
async function checkPublicKey({ CallerReference, Name, EncodedKey }: PublicKeyConfig): Promise<void> {
  checkName(Name);
  if (CallerReference === "") throw invalidArgument("The parameter CallerReference must not be empty.");
  const base64 = PEM.exec(EncodedKey.trim())?.[1];
  const spki = base64 === undefined ? undefined : decodeBase64(base64.replaceAll(/\s/g, ""));
  if (!spki || !(await isUsableKey(spki))) {
    throw invalidArgument("Your request contains an invalid public key: it must be RSA 2048 or ECDSA P-256, in PEM.");
  }
}

async function isUsableKey(spki: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const rsa = await importKey(spki, RSA);
  if (rsa) return (rsa.algorithm as { modulusLength?: number }).modulusLength === RSA_BITS;
  return (await importKey(spki, ECDSA)) !== undefined;
}

async function importKey(
  spki: Uint8Array<ArrayBuffer>,
  algorithm: typeof RSA | typeof ECDSA,
): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]);
  } catch {
    return undefined;
  }
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function checkKeyGroup({ Name, Items }: KeyGroupConfig): void {
  checkName(Name);
  if (Items.length === 0) throw invalidArgument("The parameter Items must contain at least one public key.");
  if (Items.length > MAX_KEYS) throw cloudFrontError("TooManyPublicKeysInKeyGroup");
  if (new Set(Items).size < Items.length) throw invalidArgument("The parameter Items contains a public key twice.");
}
