import type { Env } from "../env.ts";

interface Secret {
  readonly name: "VERGE_ROOT_ACCESS_KEY_ID" | "VERGE_ROOT_SECRET_ACCESS_KEY" | "VERGE_MASTER_KEY";
  readonly shortest: number;
  readonly longest: number;
  readonly what: string;
}

const SECRETS: readonly Secret[] = [
  {
    name: "VERGE_ROOT_ACCESS_KEY_ID",
    shortest: 3,
    longest: 128,
    what: "the root account's access key id",
  },
  {
    name: "VERGE_ROOT_SECRET_ACCESS_KEY",
    shortest: 16,
    longest: 256,
    what: "the root account's secret access key",
  },
  {
    name: "VERGE_MASTER_KEY",
    shortest: 32,
    longest: 1_024,
    what: "the key that encrypts secrets at rest",
  },
];

/** The id stands in credential scopes and headers, where these characters separate. */
const UNUSABLE_KEY_ID = /[/,\s=]|[^\x21-\x7e]/;

/**
 * Why this deployment must not serve, for the operator; undefined when all is well. There are no default
 * secrets: one that everyone knows is worse than an endpoint that refuses.
 */
export function checkDeployment(env: Pick<Env, Secret["name"]>): string | undefined {
  const complaints = SECRETS.flatMap((secret) => checkSecret(secret, env[secret.name]));
  if (complaints.length === 0) return undefined;
  const commands = SECRETS.filter((secret) => checkSecret(secret, env[secret.name]).length > 0).map(
    (secret) => `  wrangler secret put ${secret.name}`,
  );
  return [
    "This deployment of Verge is not configured and refuses to serve.",
    ...complaints,
    "Set each as a secret:",
    ...commands,
    "On a laptop, `npm start` generates them.",
  ].join("\n");
}

function checkSecret(secret: Secret, value: string | undefined): string[] {
  if (!value) return [`${secret.name}, ${secret.what}, is missing.`];
  if (value.length < secret.shortest || value.length > secret.longest) {
    return [`${secret.name}, ${secret.what}, must have ${secret.shortest} to ${secret.longest} characters.`];
  }
  if (secret.name === "VERGE_ROOT_ACCESS_KEY_ID" && UNUSABLE_KEY_ID.test(value)) {
    return [`${secret.name}, ${secret.what}, must consist of visible ASCII characters other than "/", "," and "=".`];
  }
  return [];
}
