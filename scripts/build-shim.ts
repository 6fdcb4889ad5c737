/**
 * Bundles what runs inside the isolates of functions (src/lambda/runtime/shim/) into one text, which the
 * Worker carries and hands to the Worker Loader. Runs before whatever bundles or runs the Worker.
 */
import { join } from "node:path";
import { build } from "esbuild";

const runtime = join(import.meta.dirname, "..", "src", "lambda", "runtime");

await build({
  entryPoints: [join(runtime, "shim", "main.ts")],
  outfile: join(runtime, "generated", "shim.txt"),
  bundle: true,
  format: "esm",
  platform: "node",
  target: "es2024",
  external: ["cloudflare:*"],
  // Stack traces leave the shim's own frames out by the module's name.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
});
