import type { EdgeFunctionPorts } from "../functions/ports.ts";
import type { ProtectionPorts } from "../protection/ports.ts";

/** A request to an origin, whichever kind it is. */
export interface OriginRequest {
  readonly method: string;
  readonly protocol: "http" | "https";
  /** Lower case, without port. */
  readonly host: string;
  readonly port: number;
  /** Percent-encoded, begins with `/`. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  /** Aborted when the origin takes too long. */
  readonly signal: AbortSignal;
}

/** A distribution that asks in its own name: by origin access control. */
export interface Signer {
  readonly distributionId: string;
  readonly accountId: string;
}

export interface ShieldCall {
  readonly distributionId: string;
  readonly revision: number;
  readonly key: string;
  readonly method: string;
  readonly headers: Headers;
}

/** What the data plane needs of the deployment for one request. */
export interface CdnPorts extends EdgeFunctionPorts, ProtectionPorts {
  /** Any host of the network. */
  fetchNetwork(request: OriginRequest): Promise<Response>;
  /** A bucket of this deployment; in the name of a distribution's account where one signs, otherwise as anybody. */
  callBucket(request: OriginRequest, bucket: string, signer: Signer | undefined): Promise<Response>;
  /** The website of a bucket of this deployment: as anybody, for a website is for nobody in particular. */
  callWebsite(request: OriginRequest, bucket: string): Promise<Response>;
  /** A function URL of this deployment; in the name of CloudFront where a distribution signs, otherwise as anybody. */
  callFunctionUrl(request: OriginRequest, urlId: string, signer: Signer | undefined): Promise<Response>;
  /** Asks the origin shield of a distribution about a cache key, as a revision of the distribution has it. */
  callShield(call: ShieldCall): Promise<Response>;
  /** Lets work go on after the answer. */
  defer(work: Promise<unknown>): void;
}

/** Why an origin gave no answer. */
export class OriginError extends Error {
  /** As CloudFront answers: 502 when it cannot be reached or talks nonsense, 504 when it takes too long. */
  readonly status: 502 | 503 | 504;
  /** By CloudFront's name, where it has one for the case. */
  readonly detail: "OriginCommError" | "OriginConnectError" | "OriginReadError" | undefined;

  constructor(status: 502 | 503 | 504, message: string, detail?: OriginError["detail"]) {
    super(message);
    this.name = "OriginError";
    this.status = status;
    this.detail = detail;
  }
}

/** The origin was not asked, since its circuit is open. That says nothing about what was asked for. */
export class CircuitOpenError extends OriginError {
  constructor() {
    super(503, "The origin has failed too often, and is left alone.");
    this.name = "CircuitOpenError";
  }
}
