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

let bundled: Promise<Uint8Array> | undefined;

/** Writes the Worker into a folder. Bundled once, however many servers a process starts. */
export async function writeFunctionWorker(folder: string): Promise<void> {
  bundled ??= bundleFunctionWorker();
  writeFileSync(join(folder, "worker.js"), await bundled);
}

async function bundleFunctionWorker(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "worker.ts")],
    write: false,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
    logLevel: "warning",
  });
  const [output] = outputFiles;
  if (!output) throw new Error("the Worker of the functions was not bundled");
  return output.contents;
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
