/** The network as functions see it: everything that leaves their isolates passes here. */
import { WorkerEntrypoint } from "cloudflare:workers";
import { isPublicHost } from "./addresses.ts";
import type { RuntimeFunction } from "./protocol.ts";

/** What the filter knows about the function behind it. */
export interface EgressProps {
  readonly functionArn: string;
  /** Host of this deployment as the function knows it, with its port: `127.0.0.1:8787`. */
  readonly ownHost?: string;
  /** `api.example.com`, `*.example.com`; absent allows every public host. */
  readonly allow?: readonly string[];
}

export function describeEgress({ arn, egressAllow }: RuntimeFunction, ownHost: string): EgressProps {
  return { functionArn: arn, ownHost, ...(egressAllow && { allow: egressAllow }) };
}

interface EgressEnv {
  /** A network without private addresses, where names are resolved (local serving); else the platform's own. */
  readonly PUBLIC_NETWORK?: Fetcher;
}

/** Answers a request to this deployment without leaving the isolate. */
export type AnswerOwn<Env> = (request: Request, env: Env, context: ExecutionContext) => Response | Promise<Response>;

/** Headers by which the platform tells who calls: a function must not be able to say so itself. */
const PLATFORM_HEADERS = [
  "cf-connecting-ip",
  "cf-ipcountry",
  "cf-ray",
  "true-client-ip",
  "x-forwarded-for",
  "x-real-ip",
];

/** Makes the entrypoint that worker.ts exports; `context.exports.FunctionEgress({ props })` is one for a function. */
export function createEgress<Env extends EgressEnv>(answerOwn: AnswerOwn<Env>) {
  return class FunctionEgress extends WorkerEntrypoint<Env, EgressProps> {
    override async fetch(request: Request): Promise<Response> {
      const url = new URL(request.url);
      if (isOwnHost(url, this.ctx.props)) return answerOwn(asReceived(request, url), this.env, this.ctx);
      const refusal = refuse(url, this.ctx.props);
      if (refusal !== undefined) throw new Error(refusal);
      // Redirects go back to the function, whose next request comes here again.
      const outward = new Request(request, { redirect: "manual" });
      return (this.env.PUBLIC_NETWORK ?? globalThis).fetch(outward);
    }

    /** TCP sockets. They could reach what `fetch` may not, by addresses that are only known once connected. */
    override connect(): never {
      throw new Error("connect EACCES: functions of this deployment may not open TCP sockets");
    }
  };
}

/** The deployment's host, and those below it: `bucket.s3.<host>`. */
function isOwnHost(url: URL, { ownHost }: EgressProps): boolean {
  return ownHost !== undefined && (url.host === ownHost || url.host.endsWith(`.${ownHost}`));
}

function refuse(url: URL, { allow }: EgressProps): string | undefined {
  if (!isPublicHost(url.hostname))
    return `connect EACCES ${url.host}: private addresses cannot be reached from a function`;
  if (allow && !allow.some((pattern) => matchesHost(pattern, url.hostname))) {
    return `connect EACCES ${url.host}: the host is not among those that this function may reach`;
  }
  return undefined;
}

function matchesHost(pattern: string, hostname: string): boolean {
  return pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

/**
 * The request as a server would get it. `fetch` says the host in the URL alone, and signatures cover the header;
 * a body of no bytes is none to it, and has no length.
 */
function asReceived(request: Request, { host }: URL): Request {
  const headers = new Headers(request.headers);
  if (!headers.has("host")) headers.set("host", host);
  const mayHaveBody = request.method === "PUT" || request.method === "POST";
  if (mayHaveBody && request.body === null && !headers.has("content-length")) headers.set("content-length", "0");
  for (const name of PLATFORM_HEADERS) headers.delete(name);
  return new Request(request, { headers });
}
