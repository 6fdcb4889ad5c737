/**
 * Ids of function URLs: 32 letters and digits, as on AWS. The first eight say whose function it is, so that a
 * call needs no directory of all URLs; the last six are a tag of the deployment, so that made-up ids are
 * refused without a look-up.
 */

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
const ACCOUNT_LENGTH = 8;
const RANDOM_LENGTH = 18;
const TAG_LENGTH = 6;
const URL_ID = new RegExp(`^[a-z2-7]{${ACCOUNT_LENGTH + RANDOM_LENGTH + TAG_LENGTH}}$`);

/** A keyed hash that only this deployment can make. */
export type Tag = (text: string) => Promise<Uint8Array>;

export async function mintUrlId(accountId: string, tag: Tag): Promise<string> {
  const random = spell(crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)));
  const body = encodeAccount(accountId) + random;
  return body + (await tagOf(body, tag));
}

/** The account whose function it is; undefined for what this deployment has not minted. */
export async function readUrlId(urlId: string, tag: Tag): Promise<string | undefined> {
  if (!URL_ID.test(urlId)) return undefined;
  const body = urlId.slice(0, -TAG_LENGTH);
  if ((await tagOf(body, tag)) !== urlId.slice(-TAG_LENGTH)) return undefined;
  return decodeAccount(body.slice(0, ACCOUNT_LENGTH));
}

async function tagOf(body: string, tag: Tag): Promise<string> {
  return spell((await tag(`function url ${body}`)).subarray(0, TAG_LENGTH));
}

/** Five bits of each byte. */
function spell(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join("");
}

/** Twelve digits are less than 40 bits. */
function encodeAccount(accountId: string): string {
  let rest = Number(accountId);
  let text = "";
  for (let position = 0; position < ACCOUNT_LENGTH; position++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function decodeAccount(text: string): string {
  let account = 0;
  for (const character of text) account = account * 32 + ALPHABET.indexOf(character);
  return String(account).padStart(12, "0");
}
