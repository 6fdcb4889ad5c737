import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * Megabytes of JavaScript heap, of each isolate. Production ends an isolate at 128 MB; V8 ends the whole process
 * here, within a second, where its own limit would let it collect garbage for ten.
 */
const HEAP_MEGABYTES = 256;

/** By which Miniflare's `external` services ask for RPC instead of HTTP; it has no option for it. */
const RPC_HOST = "miniflare-unsafe-internal-capnp-connect";

/** The workerd that Miniflare starts. */
export function findWorkerd(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve("miniflare"));
  return (fromMiniflare("workerd") as { default: string }).default;
}

/** Writes the Worker into a folder. */
export async function bundleFunctionWorker(folder: string): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
}

/** Writes workerd's configuration beside it; answers its path. */
export function writeConfiguration(folder: string, deployment: URL, compatibilityDate: string): string {
  const path = join(folder, "functions.capnp");
  writeFileSync(path, describe(deployment, compatibilityDate));
  return path;
}

function describe(deployment: URL, compatibilityDate: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-old-space-size=${HEAP_MEGABYTES}"],
  services = [
    (name = "functions", worker = .functions),
    (name = "public", network = (allow = ["public"], tlsOptions = (trustBrowserCas = true))),
    (name = "deployment", external = (address = "${deployment.host}", http = ())),
  ],
  sockets = [(name = "http", http = (capnpConnectHost = "${RPC_HOST}"), service = "functions")],
);
const functions :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${compatibilityDate}",
  bindings = [
    (name = "LOADER", workerLoader = (id = "functions")),
    (name = "PUBLIC_NETWORK", service = "public"),
    (name = "DEPLOYMENT", service = "deployment"),
  ],
);
`;
}
