import { type Credentials, credentialsOf } from "../auth/credentials.ts";
import { checkDeployment } from "../auth/deployment.ts";
import { type AliasGrant, parseAliasGrants } from "../cdn/control/alias-rules.ts";
import type { Env } from "../env.ts";
import { type Directory, directoryOf } from "../metadata/registry/directory.ts";
import { ConfigurationCache } from "../metadata/bucket/configuration-cache.ts";

/** What an isolate keeps of its deployment between requests. Values only: no stub, no promise. */
export interface Deployment {
  readonly domain: string;
  readonly region: string;
  /** Origin of this deployment, as functions are told it. */
  readonly endpointUrl: string;
  /** Its host, with the port. */
  readonly ownHost: string;
  /** Before the first repetition of an asynchronous invocation that has failed; the second waits twice as long. */
  readonly asyncRetrySeconds: number;
  readonly directory: Directory;
  readonly credentials: Credentials;
  readonly configurations: ConfigurationCache;
  /** Hosts that accounts may name as aliases of distributions. */
  readonly aliasGrants: readonly AliasGrant[];
  /** Whether viewers of distributions count as having come by HTTPS, however they did. */
  readonly viewersUseHttps: boolean;
  /** Why the deployment must not serve; undefined when all is well. */
  readonly complaint: string | undefined;
}

const deployments = new WeakMap<Env, Deployment>();

/** The isolate's state for a deployment. */
export function deploymentOf(env: Env): Deployment {
  const known = deployments.get(env);
  if (known) return known;
  const domain = env.VERGE_DOMAIN ?? "localhost";
  const endpointUrl = env.VERGE_ENDPOINT ?? `${domain === "localhost" ? "http" : "https"}://${domain}`;
  const asyncRetrySeconds = Number(env.VERGE_ASYNC_RETRY_SECONDS || "60");
  const aliasGrants = parseAliasGrants(env.VERGE_CDN_ALIASES);
  const deployment: Deployment = {
    domain,
    region: env.VERGE_REGION ?? "us-east-1",
    endpointUrl,
    ownHost: new URL(endpointUrl).host,
    asyncRetrySeconds,
    directory: directoryOf(env),
    credentials: credentialsOf(env),
    configurations: new ConfigurationCache(),
    aliasGrants: aliasGrants ?? [],
    viewersUseHttps: env.VERGE_CDN_PROTOCOL === "https",
    complaint:
      checkDeployment(env) ??
      checkSeconds("VERGE_ASYNC_RETRY_SECONDS", asyncRetrySeconds) ??
      checkProtocol(env.VERGE_CDN_PROTOCOL) ??
      (aliasGrants ? undefined : "VERGE_CDN_ALIASES must be hosts, each with =account or without: a.com, b.com=123…"),
  };
  deployments.set(env, deployment);
  return deployment;
}

function checkSeconds(name: string, seconds: number): string | undefined {
  return seconds > 0 ? undefined : `${name} must be a number of seconds above 0.`;
}

function checkProtocol(protocol: string | undefined): string | undefined {
  return !protocol || protocol === "https" ? undefined : "VERGE_CDN_PROTOCOL must be https, or absent.";
}
