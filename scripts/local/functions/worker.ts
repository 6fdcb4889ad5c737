/** The Worker of the process in which functions run, started by function-process.ts. */
import { createEgress, describeEgress, type EgressProps } from "../../../src/lambda/runtime/egress.ts";
import { answerRemoteCall } from "../../../src/lambda/runtime/remote/host.ts";

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

export default {
  fetch(request, env, context) {
    const entrypoints = context.exports as unknown as Entrypoints;
    return answerRemoteCall(request, {
      loader: env.LOADER,
      egress: (fn, ownHost) => entrypoints.FunctionEgress({ props: describeEgress(fn, ownHost) }),
      defer: (work) => context.waitUntil(work.catch(() => undefined)),
    });
  },
} satisfies ExportedHandler<Env>;
