/** The Worker of the process in which functions run, started by function-process.ts. */
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { Deadlines } from "../../../src/lambda/runtime/deadlines.ts";
import { createEgress, describeEgress, type EgressProps } from "../../../src/lambda/runtime/egress.ts";
import { answerInvocation, answerRemoteCall, type RemoteHostPorts } from "../../../src/lambda/runtime/remote/host.ts";

interface Env {
  readonly LOADER: WorkerLoader;
  readonly PUBLIC_NETWORK: Fetcher;
  /** The main Worker's own socket. */
  readonly DEPLOYMENT: Fetcher;
}

interface Entrypoints {
  FunctionEgress(options: { readonly props: EgressProps }): Fetcher;
}

export const FunctionEgress = createEgress<Env>((request, env) => env.DEPLOYMENT.fetch(request));

/** Answers as FunctionHostApi says. */
export default class FunctionHost extends WorkerEntrypoint<Env> {
  readonly #ports: RemoteHostPorts = {
    loader: this.env.LOADER,
    egress: (fn, ownHost) => {
      const entrypoints = this.ctx.exports as unknown as Entrypoints;
      return entrypoints.FunctionEgress({ props: describeEgress(fn, ownHost) });
    },
    defer: (work) => this.ctx.waitUntil(work.catch(() => undefined)),
    deadlines: new Deadlines(),
  };

  override fetch(request: Request): Promise<Response> {
    return answerRemoteCall(request, this.#ports);
  }

  invoke(message: string | Uint8Array): Promise<string | Uint8Array> {
    return answerInvocation(message, this.#ports);
  }

  open(): Session {
    return new Session(this.#ports);
  }
}

/** Calls of one request of the Worker. */
class Session extends RpcTarget {
  readonly #ports: RemoteHostPorts;

  constructor(ports: RemoteHostPorts) {
    super();
    this.#ports = ports;
  }

  invoke(message: string | Uint8Array): Promise<string | Uint8Array> {
    return answerInvocation(message, this.#ports);
  }
}
