import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The root key of a deployment, and the key under which it encrypts the secrets that it stores. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** 32 random bytes in base64. */
  readonly masterKey: string;
}

/**
 * Reads `<state>/credentials.json`, made with random keys at the first start. There is no default
 * secret. `VERGE_ROOT_ACCESS_KEY_ID`, `VERGE_ROOT_SECRET_ACCESS_KEY` and `VERGE_MASTER_KEY` of the
 * environment go first, and are not written to the file.
 */
export function loadCredentials(
  stateDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): Credentials {
  const stored = readOrCreate(stateDir);
  return {
    accessKeyId: environment["VERGE_ROOT_ACCESS_KEY_ID"] || stored.accessKeyId,
    secretAccessKey: environment["VERGE_ROOT_SECRET_ACCESS_KEY"] || stored.secretAccessKey,
    masterKey: environment["VERGE_MASTER_KEY"] || stored.masterKey,
  };
}

export function generateCredentials(): Credentials {
  return {
    accessKeyId: `VERGE${randomBase32(15)}`,
    // No "-" at the front, which command lines take for an option; no "/" and "+", which people escape wrongly.
    secretAccessKey: randomBytes(30).toString("base64url").replaceAll(/[-_]/g, "x"),
    masterKey: randomBytes(32).toString("base64"),
  };
}

/** The bindings by which the Worker gets its credentials; in production they are secrets of the same names. */
export function credentialBindings(credentials: Credentials): Record<string, string> {
  return {
    VERGE_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
    VERGE_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    VERGE_MASTER_KEY: credentials.masterKey,
  };
}

function readOrCreate(stateDir: string): Credentials {
  const path = join(stateDir, "credentials.json");
  if (existsSync(path)) return parseCredentials(path);
  const credentials = generateCredentials();
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(path, `${JSON.stringify(credentials, null, 2)}\n`, { mode: 0o600, flag: "wx" });
  return credentials;
}

function parseCredentials(path: string): Credentials {
  const { accessKeyId, secretAccessKey, masterKey } = JSON.parse(readFileSync(path, "utf8")) as Partial<Credentials>;
  if (!accessKeyId || !secretAccessKey || !masterKey) {
    throw new Error(
      `${path} lacks accessKeyId, secretAccessKey or masterKey. Without the master key stored secrets are lost.`,
    );
  }
  return { accessKeyId, secretAccessKey, masterKey };
}

function randomBase32(length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return Array.from(randomBytes(length), (byte) => alphabet[byte % 32]).join("");
}
