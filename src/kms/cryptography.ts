import { randomBytes } from "node:crypto";
import type { EncryptionContext } from "../auth/kms/ciphertext.ts";
import { type FoundKey, KEY_BYTES } from "../auth/kms/keyring.ts";
import { arnOf, checkUsable, denyStranger, findKey, KEY_NAME, type KmsCall } from "./call.ts";
import { kmsError } from "./errors.ts";
import { materialId } from "./rotation.ts";

const ALGORITHM = "SYMMETRIC_DEFAULT";
const MAX_PLAINTEXT = 4_096;
const MAX_CIPHERTEXT = 6_144;
const MAX_RANDOM = 1_024;

/** Encrypt */
export async function encrypt(call: KmsCall): Promise<object> {
  const found = await openKey(call, readKeyName(call));
  const plaintext = readBytes(call, "Plaintext", MAX_PLAINTEXT);
  const bytes = await call.keyring.encrypt(found, plaintext, readContext(call, "EncryptionContext"));
  return { CiphertextBlob: toBase64(bytes), KeyId: arnOf(call, found.key.id), EncryptionAlgorithm: ALGORITHM };
}

/** Decrypt: the ciphertext says which key made it. */
export async function decrypt(call: KmsCall): Promise<object> {
  const { found, plaintext, material } = await open(call, "KeyId", "EncryptionContext");
  return {
    KeyId: arnOf(call, found.key.id),
    Plaintext: toBase64(plaintext),
    EncryptionAlgorithm: ALGORITHM,
    KeyMaterialId: materialId(material),
  };
}

/** ReEncrypt */
export async function reEncrypt(call: KmsCall): Promise<object> {
  const source = await open(call, "SourceKeyId", "SourceEncryptionContext");
  const destination = await openKey(call, readKeyName(call, "DestinationKeyId"));
  const context = readContext(call, "DestinationEncryptionContext");
  const bytes = await call.keyring.encrypt(destination, source.plaintext, context);
  return {
    CiphertextBlob: toBase64(bytes),
    SourceKeyId: arnOf(call, source.found.key.id),
    KeyId: arnOf(call, destination.key.id),
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

function renderDataKey(call: KmsCall, { key }: FoundKey, ciphertext: Uint8Array): object {
  return {
    CiphertextBlob: toBase64(ciphertext),
    KeyId: arnOf(call, key.id),
    KeyMaterialId: materialId(key.material),
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
  const found = await openKey(call, name);
  const length = bytes ?? (spec === "AES_128" ? 16 : KEY_BYTES);
  const dataKey = await call.keyring.createDataKey(found, readContext(call, "EncryptionContext"), length);
  return { found, ...dataKey };
}

async function open(call: KmsCall, keyMember: string, contextMember: string) {
  const { input, keyring, account } = call;
  const named = input.text(keyMember, KEY_NAME);
  const maker = await keyring.findMaker(readBytes(call, "CiphertextBlob", MAX_CIPHERTEXT));
  if (!maker) throw kmsError("InvalidCiphertextException", "The ciphertext is not one of this service.");
  if (maker.ciphertext.accountId !== account.id || !maker.found) throw denyStranger(account, call.operation);
  const { found, ciphertext } = maker;
  if (named !== undefined && (await findKey(call, named)).key.id !== found.key.id) {
    throw kmsError(
      "IncorrectKeyException",
      "The key ID in the request does not identify a CMK that can perform this operation.",
    );
  }
  checkUsable(call, found);
  const opened = await keyring.decrypt(found, ciphertext, readContext(call, contextMember));
  if (!opened) throw kmsError("InvalidCiphertextException", "The ciphertext or its encryption context was altered.");
  return { found, ...opened };
}

function readKeyName({ input }: KmsCall, member = "KeyId"): string {
  const name = input.requireText(member, KEY_NAME);
  input.finish();
  return name;
}

async function openKey(call: KmsCall, name: string): Promise<FoundKey> {
  const found = await findKey(call, name);
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
