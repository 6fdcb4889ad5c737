import type { Protection } from "../../metadata/cdn/protection.ts";
import type { Draft } from "../edge/draft.ts";
import { draftRefusal } from "../edge/error-page.ts";
import type { ViewerRequest } from "../edge/viewer.ts";
import { Challenge } from "./challenge.ts";
import type { ProtectionPorts } from "./ports.ts";
import { RefusedKeys } from "./refused-keys.ts";
import {
  type CompiledLimit,
  type CompiledRule,
  compileHotlink,
  compileLimit,
  compilePaths,
  compileRule,
} from "./rules.ts";

/** Either the request goes on, or that is its answer. */
export type ProtectionVerdict =
  | { readonly kind: "request"; readonly viewer: ViewerRequest }
  | { readonly kind: "answer"; readonly draft: Draft };

/** Seconds over which the deployment's bindings count. */
const LIMIT_PERIOD = 10;

/** What protects a distribution, made once for each of its revisions. Nothing here asks storage or an object. */
export class Guard {
  readonly #rules: readonly CompiledRule[];
  readonly #limits: readonly CompiledLimit[];
  readonly #beyondLimits = new RefusedKeys();
  readonly #isHotlink: (viewer: ViewerRequest) => boolean;
  readonly #isChallenged: (viewer: ViewerRequest) => boolean;
  readonly #challenge: Challenge;
  readonly #maxBody: number;
  readonly #maxUrl: number;

  constructor(distributionId: string, protection: Protection) {
    const { rules = [], rateLimits = [], hotlink, challenge, maxBodyBytes, maxUrlBytes } = protection;
    this.#rules = rules.map(compileRule);
    this.#limits = rateLimits.map((limit, number) => compileLimit(limit, `${distributionId}/${number}`));
    this.#isHotlink = hotlink ? compileHotlink(hotlink) : () => false;
    this.#isChallenged = challenge ? compilePaths(challenge.paths) : () => false;
    this.#challenge = new Challenge(distributionId, challenge);
    this.#maxBody = maxBodyBytes ?? Infinity;
    this.#maxUrl = maxUrlBytes ?? Infinity;
  }

  /** What costs nothing is decided without a promise; undefined where nothing more is to be asked. */
  judge(viewer: ViewerRequest, ports: ProtectionPorts): ProtectionVerdict | Promise<ProtectionVerdict> {
    if (viewer.path.length + viewer.query.length + 1 > this.#maxUrl) return refuse(414, "The URL is too long.");
    const oversized = viewer.body && this.#refuseBody(viewer);
    if (oversized) return oversized;
    const action = this.#rules.find((rule) => rule.matches(viewer))?.action;
    if (action === "allow") return { kind: "request", viewer };
    if (action === "block") return refuse(403, "Request blocked.");
    if (this.#isHotlink(viewer)) return refuse(403, "This may not be embedded in pages of others.");
    const challenged = action === "challenge" || this.#isChallenged(viewer);
    const keys = this.#limits.flatMap((limit) => {
      const key = limit.keyOf(viewer);
      return key === undefined ? [] : [{ requests: limit.requests, key }];
    });
    if (keys.length === 0 && !challenged) return { kind: "request", viewer };
    if (keys.some(({ key }) => this.#beyondLimits.has(key))) return refuseTooMany();
    return this.#judgeLater(viewer, keys, challenged, ports);
  }

  /** A body whose length nobody knows cannot be stopped midway: the platform would end it as if it were whole. */
  #refuseBody({ headers }: ViewerRequest): ProtectionVerdict | undefined {
    if (this.#maxBody === Infinity) return undefined;
    const length = headers.get("content-length");
    if (length === null || headers.has("transfer-encoding")) return refuse(411, "Content-Length is required.");
    return Number(length) > this.#maxBody ? refuse(413, "The request body is too large.") : undefined;
  }

  async #judgeLater(
    viewer: ViewerRequest,
    keys: readonly { readonly requests: CompiledLimit["requests"]; readonly key: string }[],
    challenged: boolean,
    ports: ProtectionPorts,
  ): Promise<ProtectionVerdict> {
    for (const { requests, key } of keys) {
      if (await ports.withinLimit(requests, key)) continue;
      this.#beyondLimits.add(key);
      return refuseTooMany();
    }
    return challenged ? this.#challenge.judge(viewer, ports) : { kind: "request", viewer };
  }
}

function refuseTooMany(): ProtectionVerdict {
  const draft = draftRefusal(429, "Too many requests.", "InvalidRequestBlocked");
  draft.headers.set("retry-after", String(LIMIT_PERIOD));
  return { kind: "answer", draft };
}

function refuse(status: number, reason: string): ProtectionVerdict {
  return { kind: "answer", draft: draftRefusal(status, reason, "InvalidRequestBlocked") };
}
