import { createSecretAccessKey, randomText } from "./access-key-ids.ts";
import type { MasterKey } from "./secrets.ts";

/** Temporary keys, as AWS's SDKs take them from `AWS_ACCESS_KEY_ID` and its neighbours. */
export interface SessionKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a session token says, to this deployment alone. */
export interface Session {
  readonly secretAccessKey: string;
  readonly accountId: string;
  /** Of the role that was assumed: a label, the rights are the account's. */
  readonly roleArn: string;
  readonly expiresAt: number;
}

/** STS's ids of temporary keys begin so. */
const KEY_PREFIX = "ASIA";
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH = 16;

/**
 * Makes keys that end at `expiresAt`. Nothing is stored: the token is the session, sealed under the
 * deployment's master key and bound to the key's id, so that issuing and checking need no look-up.
 */
export async function issueSession(
  master: MasterKey,
  { accountId, roleArn, expiresAt }: Omit<Session, "secretAccessKey">,
): Promise<SessionKeys> {
  const accessKeyId = KEY_PREFIX + randomText(ID_ALPHABET, ID_LENGTH);
  const secretAccessKey = createSecretAccessKey();
  const session: Session = { secretAccessKey, accountId, roleArn, expiresAt };
  const sessionToken = await master.seal(JSON.stringify(session), ownerOf(accessKeyId));
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt };
}

/** The session of a token; undefined when this deployment has not issued it for this key. It may have expired. */
export async function openSession(
  master: MasterKey,
  accessKeyId: string,
  sessionToken: string,
): Promise<Session | undefined> {
  const text = await master.open(sessionToken, ownerOf(accessKeyId));
  return text === undefined ? undefined : (JSON.parse(text) as Session);
}

/** No id of a stored key has a slash: what is sealed for one can never stand for the other. */
function ownerOf(accessKeyId: string): string {
  return `session/${accessKeyId}`;
}
