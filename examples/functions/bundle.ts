/** Bundles an example with all that it imports to one file, and zips that: what `aws lambda` takes. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { zipSync } from "fflate";

export function listExamples(): string[] {
  return readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && findSource(entry.name) !== undefined)
    .map(({ name }) => name);
}

/** The zip of one example. Its handler is `index.handler`. */
export async function bundleExample(name: string): Promise<Uint8Array> {
  const source = findSource(name);
  if (source === undefined) throw new Error(`There is no example ${name}: ${listExamples().join(", ")}.`);
  const { outputFiles } = await build({
    entryPoints: [source],
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "node24",
    // The runtime has it, as on AWS.
    external: ["@aws-sdk/*"],
    logLevel: "warning",
  });
  return zipSync(Object.fromEntries(outputFiles.map(({ contents }) => ["index.js", contents])));
}

function findSource(name: string): string | undefined {
  return ["index.ts", "index.mjs"]
    .map((file) => join(import.meta.dirname, name, file))
    .find((path) => existsSync(path));
}
