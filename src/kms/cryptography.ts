import { randomBytes } from "node:crypto";
import { type EncryptionContext, parseCiphertext } from "../auth/kms/ciphertext.ts";
import { type FoundKey, KEY_BYTES } from "../auth/kms/keyring.ts";
import { arnOf, checkUsable, findKey, KEY_NAME, type KmsCall, requireKey } from "./call.ts";
import { kmsError } from "./errors.ts";
import { materialId } from "./rotation.ts";

const ALGORITHM = "SYMMETRIC_DEFAULT";
const MAX_PLAINTEXT = 4_096;
const MAX_CIPHERTEXT = 6_144;
const MAX_RANDOM = 1_024;

/** Encrypt */
export async function encrypt(call: KmsCall): Promise<object> {
  const plaintext = readBytes(call, "Plaintext", MAX_PLAINTEXT);
  const context = readContext(call, "EncryptionContext");
  const found = await openKey(call, readKeyName(call), { context });
  const bytes = await call.keyring.encrypt(found, plaintext, context);
  return { CiphertextBlob: toBase64(bytes), KeyId: nameOf(call, found), EncryptionAlgorithm: ALGORITHM };
}

/** Decrypt: the ciphertext says which key made it. */
export async function decrypt(call: KmsCall): Promise<object> {
  const { found, plaintext, material } = await open(call, "KeyId", "EncryptionContext", "kms:Decrypt");
  return {
    KeyId: nameOf(call, found),
    Plaintext: toBase64(plaintext),
    EncryptionAlgorithm: ALGORITHM,
    KeyMaterialId: materialId(material),
  };
}

/** ReEncrypt */
export async function reEncrypt(call: KmsCall): Promise<object> {
  const source = await open(call, "SourceKeyId", "SourceEncryptionContext", "kms:ReEncryptFrom");
  const context = readContext(call, "DestinationEncryptionContext");
  const name = readKeyName(call, "DestinationKeyId");
  const destination = await openKey(call, name, { action: "kms:ReEncryptTo", context });
  const bytes = await call.keyring.encrypt(destination, source.plaintext, context);
  return {
    CiphertextBlob: toBase64(bytes),
    SourceKeyId: nameOf(call, source.found),
    KeyId: nameOf(call, destination),
    SourceEncryptionAlgorithm: ALGORITHM,
    DestinationEncryptionAlgorithm: ALGORITHM,
    SourceKeyMaterialId: materialId(source.material),
    DestinationKeyMaterialId: materialId(destination.key.material),
  };
}

/** GenerateDataKey */
export async function generateDataKey(call: KmsCall): Promise<object> {
  const { found, plaintext, ciphertext } = await makeDataKey(call);
  return { ...renderDataKey(call, found, ciphertext), Plaintext: toBase64(plaintext) };
}

/** GenerateDataKeyWithoutPlaintext */
export async function generateDataKeyWithoutPlaintext(call: KmsCall): Promise<object> {
  const { found, ciphertext } = await makeDataKey(call);
  return renderDataKey(call, found, ciphertext);
}

/** GenerateRandom */
export async function generateRandom({ input }: KmsCall): Promise<object> {
  const bytes = input.integer("NumberOfBytes", { min: 1, max: MAX_RANDOM }) ?? KEY_BYTES;
  input.finish();
  return { Plaintext: randomBytes(bytes).toString("base64") };
}

function renderDataKey(call: KmsCall, found: FoundKey, ciphertext: Uint8Array): object {
  return {
    CiphertextBlob: toBase64(ciphertext),
    KeyId: nameOf(call, found),
    KeyMaterialId: materialId(found.key.material),
  };
}

async function makeDataKey(call: KmsCall) {
  const { input } = call;
  const name = readKeyName(call);
  const spec = input.text("KeySpec", { values: ["AES_256", "AES_128"] });
  const bytes = input.integer("NumberOfBytes", { min: 1, max: MAX_RANDOM });
  input.finish();
  if ((spec === undefined) === (bytes === undefined)) {
    throw kmsError("ValidationException", "Please specify either number of bytes or key spec.");
  }
  const context = readContext(call, "EncryptionContext");
  const found = await openKey(call, name, { context });
  const length = bytes ?? (spec === "AES_128" ? 16 : KEY_BYTES);
  const dataKey = await call.keyring.createDataKey(found, context, length);
  return { found, ...dataKey };
}

async function open(call: KmsCall, keyMember: string, contextMember: string, action: string) {
  const { input, keyring } = call;
  const named = input.text(keyMember, KEY_NAME);
  const ciphertext = parseCiphertext(readBytes(call, "CiphertextBlob", MAX_CIPHERTEXT));
  const context = readContext(call, contextMember);
  if (!ciphertext) throw kmsError("InvalidCiphertextException", "The ciphertext is not one of this service.");
  const { accountId, keyId } = ciphertext;
  const wanted = { action, context };
  const found =
    named === undefined
      ? await requireKey(call, { accountId, name: keyId }, wanted)
      : await findKey(call, named, wanted);
  if (found.key.id !== keyId || found.accountId !== accountId) {
    throw kmsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  checkUsable(call, found);
  const opened = await keyring.decrypt(found, ciphertext, context);
  if (!opened) throw kmsError("InvalidCiphertextException", "The ciphertext or its encryption context was altered.");
  return { found, ...opened };
}

function nameOf(call: KmsCall, { accountId, key }: FoundKey): string {
  return arnOf(call, key.id, accountId);
}

function readKeyName({ input }: KmsCall, member = "KeyId"): string {
  const name = input.requireText(member, KEY_NAME);
  input.finish();
  return name;
}

async function openKey(call: KmsCall, name: string, wanted: Parameters<typeof findKey>[2]): Promise<FoundKey> {
  const found = await findKey(call, name, wanted);
  checkUsable(call, found);
  return found;
}

function readContext({ input }: KmsCall, member: string): EncryptionContext {
  return input.textMap(member) ?? {};
}

/** Bytes that stand as Base64 in the JSON. */
function readBytes({ input }: KmsCall, member: string, max: number): Uint8Array<ArrayBuffer> {
  const text = input.requireText(member);
  input.finish();
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) {
    throw kmsError("SerializationException", `${member} is not Base64`);
  }
  if (bytes.length === 0 || bytes.length > max) {
    throw kmsError("ValidationException", `1 validation error detected: ${member} must have 1 to ${max} bytes`);
  }
  return new Uint8Array(bytes);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
