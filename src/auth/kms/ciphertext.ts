/**
 * What Encrypt answers: a version, the account and id of the key (each after its length), the nonce, and what
 * AES-256-GCM makes of the plaintext, bound to the encryption context.
 */

const VERSION = 1;
const IV_BYTES = 12;

/** Names and values that must be said again to decrypt. */
export type EncryptionContext = Readonly<Record<string, string>>;

export interface Ciphertext {
  readonly accountId: string;
  readonly keyId: string;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly sealed: Uint8Array<ArrayBuffer>;
}

export async function encryptUnder(
  material: Uint8Array<ArrayBuffer>,
  key: { readonly accountId: string; readonly keyId: string },
  plaintext: Uint8Array<ArrayBuffer>,
  context: EncryptionContext,
): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const sealed = await crypto.subtle.encrypt(parameters(iv, context), await importKey(material, "encrypt"), plaintext);
  return Buffer.concat(
    [[VERSION], prefixed(key.accountId), prefixed(key.keyId), iv, new Uint8Array(sealed)].map(toBytes),
  );
}

/** The parts of a ciphertext; undefined for what none of this deployment's keys can have made. */
export function parseCiphertext(bytes: Uint8Array): Ciphertext | undefined {
  if (bytes[0] !== VERSION) return undefined;
  let at = 1;
  const take = (count: number) => bytes.slice(at, (at += count));
  const takeText = () => Buffer.from(take(take(1)[0] ?? 0)).toString("latin1");
  const [accountId, keyId, iv] = [takeText(), takeText(), take(IV_BYTES)];
  if (accountId === "" || keyId === "" || iv.length < IV_BYTES) return undefined;
  return { accountId, keyId, iv, sealed: bytes.slice(at) };
}

/** Undefined when the ciphertext was altered, or is bound to another context. */
export async function decryptUnder(
  material: Uint8Array<ArrayBuffer>,
  { iv, sealed }: Ciphertext,
  context: EncryptionContext,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const key = await importKey(material, "decrypt");
    return new Uint8Array(await crypto.subtle.decrypt(parameters(iv, context), key, sealed));
  } catch {
    // The error of WebCrypto says nothing, and must not carry anything.
    return undefined;
  }
}

function importKey(material: Uint8Array<ArrayBuffer>, use: "encrypt" | "decrypt"): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", material, "AES-GCM", false, [use]);
}

function parameters(iv: Uint8Array, context: EncryptionContext) {
  const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(JSON.stringify(pairs)) };
}

function prefixed(text: string): number[] {
  return [text.length, ...Buffer.from(text, "latin1")];
}

function toBytes(part: Uint8Array | number[]): Uint8Array {
  return part instanceof Uint8Array ? part : Uint8Array.from(part);
}
