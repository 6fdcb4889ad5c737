const SEAL_VERSION = "v1.";
const IV_BYTES = 12;
const encoder = new TextEncoder();

/**
 * The deployment's master key, split by HKDF (RFC 5869) into one key that encrypts secrets at rest and
 * one that tags generated access-key ids. Neither can be read back.
 */
export class MasterKey {
  readonly #sealing: CryptoKey;
  readonly #tagging: CryptoKey;

  private constructor(sealing: CryptoKey, tagging: CryptoKey) {
    this.#sealing = sealing;
    this.#tagging = tagging;
  }

  static async derive(masterKey: string): Promise<MasterKey> {
    const base = await crypto.subtle.importKey("raw", encoder.encode(masterKey), "HKDF", false, ["deriveKey"]);
    const sealing = await crypto.subtle.deriveKey(
      hkdf("verge seal v1"),
      base,
      { name: "AES-GCM", length: 256 },
      false,
      ["encrypt", "decrypt"],
    );
    const tagging = await crypto.subtle.deriveKey(
      hkdf("verge access key tag v1"),
      base,
      { name: "HMAC", hash: "SHA-256", length: 256 },
      false,
      ["sign"],
    );
    return new MasterKey(sealing, tagging);
  }

  /** Encrypts with AES-256-GCM. `owner` (an access-key id) is bound to the result: it opens under no other. */
  async seal(secret: string, owner: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealed = await crypto.subtle.encrypt(gcm(iv, owner), this.#sealing, encoder.encode(secret));
    return SEAL_VERSION + Buffer.concat([iv, new Uint8Array(sealed)]).toString("base64");
  }

  /** The secret, or undefined when it was sealed under another master key or for another owner, or was altered. */
  async open(sealed: string, owner: string): Promise<string | undefined> {
    if (!sealed.startsWith(SEAL_VERSION)) return undefined;
    const bytes = new Uint8Array(Buffer.from(sealed.slice(SEAL_VERSION.length), "base64"));
    try {
      const secret = await crypto.subtle.decrypt(
        gcm(bytes.slice(0, IV_BYTES), owner),
        this.#sealing,
        bytes.slice(IV_BYTES),
      );
      return new TextDecoder().decode(secret);
    } catch {
      // The error of WebCrypto says nothing, and must not carry anything.
      return undefined;
    }
  }

  /** HMAC-SHA-256 over `text`. */
  async tag(text: string): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.sign("HMAC", this.#tagging, encoder.encode(text)));
  }
}

function hkdf(purpose: string): { name: string; hash: string; salt: Uint8Array; info: Uint8Array } {
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: encoder.encode(purpose) };
}

function gcm(iv: Uint8Array, owner: string): { name: string; iv: Uint8Array; additionalData: Uint8Array } {
  return { name: "AES-GCM", iv, additionalData: encoder.encode(owner) };
}

/** Of the isolate, by the text that they were derived from: there is one but in tests. Values, no promises. */
const derived = new Map<string, MasterKey>();

/** The master key derived from a deployment's secret, kept by the isolate. */
export async function masterKeyOf(secret: string): Promise<MasterKey> {
  const known = derived.get(secret);
  if (known) return known;
  const master = await MasterKey.derive(secret);
  derived.set(secret, master);
  return master;
}
