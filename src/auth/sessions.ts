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
  /** Of a function's role: limits it if the account has such a role, else it is a label. */
  readonly roleArn?: string;
  /** Absent in sessions of functions, and of the account itself. */
  readonly holder?: SessionHolder;
  readonly expiresAt: number;
}

/** Whose session it is, of those that STS has issued. `policies`: session policies, as JSON. */
export type SessionHolder =
  | {
      readonly kind: "role";
      readonly roleName: string;
      /** A role of the same name that was made later is another one. */
      readonly roleId: string;
      readonly sessionName: string;
      readonly policies?: readonly string[];
    }
  | { readonly kind: "user"; readonly userId: string }
  | {
      readonly kind: "federated";
      /** Absent: of the account itself. */
      readonly userId?: string;
      readonly name: string;
      readonly policies: readonly string[];
    };

/** STS's ids of temporary keys begin so. */
const KEY_PREFIX = "ASIA";
const ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ID_LENGTH = 16;

/**
 * Makes keys that end at `expiresAt`. Nothing is stored: the token is the session, sealed under the
 * deployment's master key and bound to the key's id, so that issuing and checking need no look-up.
 */
export async function issueSession(master: MasterKey, given: Omit<Session, "secretAccessKey">): Promise<SessionKeys> {
  const accessKeyId = KEY_PREFIX + randomText(ID_ALPHABET, ID_LENGTH);
  const secretAccessKey = createSecretAccessKey();
  const session: Session = { secretAccessKey, ...given };
  const sessionToken = await master.seal(JSON.stringify(session), ownerOf(accessKeyId));
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt: given.expiresAt };
}

/** Whether keys are a session's: stored ones never begin so, unless they were imported. */
export function isSessionKey(accessKeyId: string): boolean {
  return accessKeyId.startsWith(KEY_PREFIX);
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
