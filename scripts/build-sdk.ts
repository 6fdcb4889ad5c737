/**
 * Bundles the packages of the AWS SDK that functions find without bringing them (src/lambda/runtime/sdk.ts),
 * each to one file, and packs them as the Worker packs a function. They become static assets: see
 * docs/decisions/0020-sdk-of-the-runtime.md. Takes some seconds when a package or the packer has changed,
 * and nothing else.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import { RUNTIME_ROOT } from "../src/lambda/runtime/limits.ts";
import { encodePacked } from "../src/lambda/runtime/pack/form.ts";
import { packFiles } from "../src/lambda/runtime/pack/pack.ts";
import { SDK_PACKAGES, sdkAssetPath } from "../src/lambda/runtime/sdk.ts";

const projectDir = dirname(import.meta.dirname);
const runtimeDir = join(projectDir, "src", "lambda", "runtime");
const assetsDir = join(projectDir, "src", "console", "public");
const stampFile = join(runtimeDir, "generated", "sdk.stamp");
const resolve = createRequire(import.meta.url).resolve;

/** Ways to credentials that a function cannot have: its own are in its environment. A third of each client. */
const ABSENT_CREDENTIALS = /^@aws-sdk\/(credential-provider-(ini|login|process|sso|web-identity)|token-providers)$/;
const ABSENT_PROVIDERS = ["fromIni", "fromLoginCredentials", "fromProcess", "fromSSO", "fromTokenFile", "fromWebToken"];

/** Each answers as a provider that has found nothing, so that the chain goes on. */
const withoutAbsentCredentials: Plugin = {
  name: "without-absent-credentials",
  setup(plugin) {
    plugin.onResolve({ filter: ABSENT_CREDENTIALS }, ({ path }) => ({ path, namespace: "absent" }));
    plugin.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `const absent = () => async () => {
          throw Object.assign(new Error("${path} is not part of this runtime."), { tryNextLink: true });
        };
        export { ${ABSENT_PROVIDERS.map((name) => `absent as ${name}`).join(", ")} };`,
    }));
  },
};

async function bundlePackage(name: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: projectDir },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    target: "es2024",
    mainFields: ["module", "main"],
    external: [...(SDK_PACKAGES[name] ?? [])],
    plugins: [withoutAbsentCredentials],
    // Identifiers stay: classes are known by their names, and `keepNames` makes starts slower (decision 0020).
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
  });
  const [output] = outputFiles;
  if (!output) throw new Error(`${name} was not bundled`);
  return output.contents;
}

async function packPackage(name: string): Promise<Uint8Array> {
  const { version } = JSON.parse(readFileSync(resolve(`${name}/package.json`), "utf8")) as { version: string };
  const folder = `node_modules/${name}`;
  const fields = JSON.stringify({ name, version, main: "index.js" });
  const files = new Map([
    [`${folder}/package.json`, Buffer.from(fields)],
    [`${folder}/index.js`, await bundlePackage(name)],
  ]);
  return encodePacked(packFiles(files, RUNTIME_ROOT).packed);
}

/** Changes with whatever the output depends on. */
function readStamp(): string {
  const inputs = [
    import.meta.filename,
    join(projectDir, "package-lock.json"),
    ...globSync(["sdk.ts", "limits.ts", "pack/*.ts"], { cwd: runtimeDir }).map((path) => join(runtimeDir, path)),
  ];
  const hash = createHash("sha256");
  for (const path of inputs.toSorted()) hash.update(readFileSync(path));
  return hash.digest("hex");
}

const stamp = readStamp();
const paths = Object.keys(SDK_PACKAGES).map((name) => ({ name, path: join(assetsDir, sdkAssetPath(name)) }));
const isCurrent = existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp;
if (!isCurrent || !paths.every(({ path }) => existsSync(path))) {
  for (const folder of [...paths.map(({ path }) => dirname(path)), dirname(stampFile)]) {
    mkdirSync(folder, { recursive: true });
  }
  for (const { name, path } of paths) {
    // A server of the same checkout may be reading the one before.
    const part = `${stampFile}.${process.pid}`;
    writeFileSync(part, await packPackage(name));
    renameSync(part, path);
  }
  const wanted = new Set(paths.map(({ path }) => path));
  const old = globSync(join(assetsDir, "function-sdk", "*")).filter((path) => !wanted.has(path));
  for (const path of old) rmSync(path);
  writeFileSync(stampFile, stamp);
}
