import type { CircuitBreaker } from "../protection/circuit-breaker.ts";
import type { OriginTarget } from "../edge/behavior.ts";
import { resolveDotSegments } from "../edge/path-patterns.ts";
import { type OriginAddress, resolveOrigin } from "./origin-address.ts";
import { type CdnPorts, CircuitOpenError, OriginError, type OriginRequest } from "./origin-request.ts";

/** What is asked of an origin, before it is known which. */
export interface OriginCall {
  readonly method: string;
  readonly viewerProtocol: "http" | "https";
  readonly path: string;
  readonly query: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Aborted when the body breaks off, where its stream alone cannot say so. */
  readonly bodyBroken?: AbortSignal | undefined;
}

export interface OriginContext {
  readonly ports: CdnPorts;
  /** Of the deployment. */
  readonly domain: string;
  readonly distributionId: string;
  /** The owner of the distribution. */
  readonly accountId: string;
  readonly breaker?: CircuitBreaker | undefined;
}

/** An answer whose headers are here, and the means to give its body up. */
export interface OriginAnswer {
  readonly response: Response;
  readonly watch: BodyWatch;
}

/** Methods that may be sent again when it is not known whether they arrived (RFC 9110 section 9.2.2). */
const REPEATABLE = new Set(["GET", "HEAD", "OPTIONS"]);
const S3_READ_SECONDS = 30;

/**
 * Asks the origins of a behaviour in turn: the next one when an origin fails, or answers one of the statuses that
 * count as failing. CloudFront fails over for reading methods only.
 * @throws {OriginError} when the last one gives no answer.
 */
export async function callOrigins(
  origins: readonly OriginTarget[],
  failoverStatuses: ReadonlySet<number>,
  call: OriginCall,
  context: OriginContext,
): Promise<OriginAnswer> {
  const candidates = REPEATABLE.has(call.method) ? origins : origins.slice(0, 1);
  for (const [position, target] of candidates.entries()) {
    const isLast = position === candidates.length - 1;
    try {
      const answer = await callGuarded(target, call, context);
      if (isLast || !failoverStatuses.has(answer.response.status)) return answer;
      await answer.watch.giveUp(answer.response);
    } catch (error) {
      if (isLast || !(error instanceof OriginError)) throw error;
    }
  }
  throw new OriginError(502, "The behaviour has no origin.");
}

/** Leaves an origin alone whose circuit is open; notes how it is otherwise. */
async function callGuarded(target: OriginTarget, call: OriginCall, context: OriginContext): Promise<OriginAnswer> {
  const { breaker } = context;
  if (!breaker) return callOrigin(target, call, context);
  const { Id } = target.origin;
  if (breaker.isOpen(Id, Date.now())) throw new CircuitOpenError();
  try {
    const answer = await callOrigin(target, call, context);
    breaker.note(Id, answer.response.status >= 500, Date.now());
    return answer;
  } catch (error) {
    breaker.note(Id, true, Date.now());
    throw error;
  }
}

/** An answer that was made here, where none of the origins was asked. */
export function answerHere(response: Response): OriginAnswer {
  return { response, watch: new BodyWatch(S3_READ_SECONDS * 1000) };
}

async function callOrigin(target: OriginTarget, call: OriginCall, context: OriginContext): Promise<OriginAnswer> {
  const attempts = REPEATABLE.has(call.method) ? target.origin.ConnectionAttempts : 1;
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptCall(target, call, context);
    } catch (error) {
      const timedOut = error instanceof OriginError && error.status === 504;
      if (timedOut || attempt >= attempts) throw error;
    }
  }
}

async function attemptCall(target: OriginTarget, call: OriginCall, context: OriginContext): Promise<OriginAnswer> {
  const { origin } = target;
  const seconds =
    origin.CustomOriginConfig?.OriginReadTimeout ?? origin.S3OriginConfig?.OriginReadTimeout ?? S3_READ_SECONDS;
  const watch = new BodyWatch(seconds * 1000);
  const signal = call.bodyBroken ? AbortSignal.any([watch.signal, call.bodyBroken]) : watch.signal;
  const address = resolveOrigin(origin, context.domain);
  const request = buildRequest(target, address, call, signal);
  try {
    const response = await orAborted(callAddress(request, address, target, context), signal);
    if ((response.status < 200 && !response.webSocket) || response.status > 599)
      throw new Error(`the status ${response.status}`);
    watch.touch();
    return { response, watch };
  } catch (error) {
    watch.end();
    if (watch.signal.aborted) {
      throw new OriginError(504, `The origin did not answer within ${seconds} seconds.`, "OriginCommError");
    }
    const why = error instanceof Error ? error.message : String(error);
    throw new OriginError(502, `The origin cannot be reached: ${why}`, "OriginConnectError");
  }
}

function callAddress(
  request: OriginRequest,
  address: OriginAddress,
  { signs }: OriginTarget,
  { ports, distributionId, accountId }: OriginContext,
): Promise<Response> {
  const signer = signs ? { distributionId, accountId } : undefined;
  switch (address.kind) {
    case "bucket":
      return ports.callBucket(request, address.bucket, signer);
    case "website":
      return ports.callWebsite(request, address.bucket);
    case "function":
      return ports.callFunctionUrl(request, address.urlId, signer);
    case "network":
      return ports.fetchNetwork(request);
  }
}

/** Calls within the deployment know no signals. */
async function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  let stop = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(new Error("aborted"));
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function buildRequest(
  { origin, customHeaders }: OriginTarget,
  address: OriginAddress,
  call: OriginCall,
  signal: AbortSignal,
): OriginRequest {
  const custom = origin.CustomOriginConfig;
  const policy = custom?.OriginProtocolPolicy ?? "match-viewer";
  const protocol = policy === "match-viewer" ? call.viewerProtocol : policy === "https-only" ? "https" : "http";
  const port = protocol === "https" ? (custom?.HTTPSPort ?? 443) : (custom?.HTTPPort ?? 80);
  const headers = new Headers(call.headers);
  for (const [name, value] of customHeaders) headers.set(name, value);
  const { method, query, body } = call;
  const path = origin.OriginPath + (address.kind === "network" ? settlePath(call.path) : call.path);
  return { method, protocol, host: origin.DomainName.toLowerCase(), port, path, query, headers, body, signal };
}

/**
 * A path that stays as it is when the platform makes a URL of it. That would resolve dot segments, and out of OriginPath
 * too; and it would take `\\`, which no URL has, for a slash, which no path pattern does.
 */
function settlePath(path: string): string {
  return resolveDotSegments(path.replaceAll("\\", "%5C"));
}

/** Ends an exchange with an origin that says nothing for too long, before its headers or between pieces of its body. */
class BodyWatch {
  readonly #controller = new AbortController();
  readonly #limit: number;
  #heardAt = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `limit` in milliseconds. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#timer = setTimeout(() => this.#check(), limit);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  touch(): void {
    this.#heardAt = Date.now();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Leaves a response that nobody wants. */
  async giveUp(response: Response): Promise<void> {
    this.end();
    await response.body?.cancel().catch(() => undefined);
  }

  #check(): void {
    const silence = Date.now() - this.#heardAt;
    if (silence >= this.#limit) this.#controller.abort(new Error("The origin says nothing."));
    else this.#timer = setTimeout(() => this.#check(), this.#limit - silence);
  }
}
