import type { MasterKey } from "./secrets.ts";

/** RFC 4648 base32: every character stands for five bits. */
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX = "VRGE";
const RANDOM_LENGTH = 9;
/** 35 bits: one in 34 thousand million forged ids gets as far as a look-up. */
const TAG_LENGTH = 7;
const GENERATED = new RegExp(`^${PREFIX}[A-Z2-7]{${RANDOM_LENGTH + TAG_LENGTH}}$`);

const SECRET_LENGTH = 40;
const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/**
 * A fresh access-key id of AWS's shape: 20 capitals and digits, of which the last seven are a tag
 * under the master key (consistency rule 18).
 */
export async function createAccessKeyId(master: MasterKey): Promise<string> {
  const body = PREFIX + randomText(BASE32, RANDOM_LENGTH);
  return body + (await tagOf(master, body));
}

/** Whether this deployment has generated the id. The comparison's timing tells at most the tag, which guards no secret. */
export async function isGeneratedKeyId(master: MasterKey, accessKeyId: string): Promise<boolean> {
  if (!GENERATED.test(accessKeyId)) return false;
  const body = accessKeyId.slice(0, -TAG_LENGTH);
  return accessKeyId.endsWith(await tagOf(master, body));
}

/** 40 characters as AWS's have, but only letters and digits: 238 random bits that paste anywhere. */
export function createSecretAccessKey(): string {
  return randomText(ALPHANUMERIC, SECRET_LENGTH);
}

async function tagOf(master: MasterKey, body: string): Promise<string> {
  const mac = await master.tag(body);
  let tag = "";
  for (const byte of mac.subarray(0, TAG_LENGTH)) tag += BASE32[byte & 31];
  return tag;
}

/** Characters of `alphabet`, each as likely as the others. */
export function randomText(alphabet: string, length: number): string {
  // Bytes beyond the last whole multiple of the alphabet would favour its first characters.
  const usable = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
      if (byte < usable && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
