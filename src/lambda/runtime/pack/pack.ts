/** Turns a deployment package into modules for the Worker Loader, once, when it is uploaded. */
import { Buffer } from "node:buffer";
import { badPackage } from "../errors.ts";
import { MAX_LOADED_BYTES } from "../limits.ts";
import type { PackedCode, PackedModule, PackResult } from "../protocol.ts";
import { readZip } from "../zip.ts";
import {
  compiledWasmName,
  type FileKind,
  MANIFEST_MODULE,
  type Manifest,
  moduleName,
  type PackageFields,
} from "./manifest.ts";
import { type Format, packScript } from "./script.ts";

interface Packing {
  /** Folder below which the files are laid out. */
  readonly root: string;
  readonly sdkPackages: Set<string>;
  readonly modules: Record<string, PackedModule>;
  readonly kinds: Record<string, FileKind>;
  readonly packages: Record<string, PackageFields>;
  readonly warnings: string[];
  loadedBytes: number;
}

const SCRIPT = /\.(?:js|cjs|mjs|jsx|ts|cts|mts|tsx)$/;
/** `require("@aws-sdk/client-s3")`, `import(…)`, `… from "…"`; bundlers give `require` other names that begin so. */
const SDK_IMPORT = /(?:require\w*|import)\s*\(\s*["'`](@aws-sdk\/[\w-]+)|\b(?:from|import)\s*["'](@aws-sdk\/[\w-]+)/g;
/** Node.js runs no TypeScript of packages; maps, types and prose of packages are never read by programs. */
const USELESS_IN_PACKAGES = /\/node_modules\/.*(?:\.(?:ts|cts|mts|tsx|map|md|markdown|flow)|\/LICENSE[^/]*)$/i;

/**
 * Unzips and packs what is laid out below `root`: TASK_ROOT or LAYER_ROOT. Throws InvalidParameterValueException for what is no usable zip. A wrong handler is not
 * an error here, as on Lambda: its invocations fail with Runtime.ImportModuleError.
 */
export async function packZip(zip: Uint8Array, root: string): Promise<PackResult> {
  const { files, unzippedSize } = readZip(zip, isUseful);
  return {
    ...packFiles(files, root),
    codeSha256: await digest(zip),
    codeSize: zip.byteLength,
    unzippedSize,
  };
}

function isUseful(path: string): boolean {
  return !USELESS_IN_PACKAGES.test(`/${path}`);
}

async function digest(zip: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest("SHA-256", zip)).toString("base64");
}

/** Packs files by their path below `root`. */
export function packFiles(
  files: ReadonlyMap<string, Uint8Array>,
  root: string,
): { packed: PackedCode; loadedSize: number } {
  const packing: Packing = {
    root,
    modules: {},
    kinds: {},
    packages: {},
    warnings: [],
    sdkPackages: new Set(),
    loadedBytes: 0,
  };
  for (const [path, content] of files) {
    if (path.endsWith("package.json")) readPackageFields(`${root}/${path}`, content, packing);
  }
  for (const [path, content] of files) {
    packFile(path, content, packing);
  }
  const manifest: Manifest = { files: packing.kinds, packages: packing.packages };
  packing.modules[MANIFEST_MODULE] = { json: manifest };
  if (packing.loadedBytes > MAX_LOADED_BYTES) {
    throw badPackage(`The code to load must be smaller than ${MAX_LOADED_BYTES} bytes on this deployment`);
  }
  const { modules, warnings, sdkPackages, loadedBytes } = packing;
  return { packed: { modules, warnings, sdkPackages: [...sdkPackages] }, loadedSize: loadedBytes };
}

function readPackageFields(path: string, content: Uint8Array, packing: Packing): void {
  const fields = parseJson(content);
  if (typeof fields !== "object" || fields === null) return;
  const { name, main, type, exports, imports } = fields as PackageFields;
  packing.packages[folderOf(path)] = {
    ...(typeof name === "string" && { name }),
    ...(typeof main === "string" && { main }),
    ...(typeof type === "string" && { type }),
    ...(exports !== undefined && { exports }),
    ...(imports !== undefined && { imports }),
  };
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(decode(content));
  } catch {
    // Files of this name need not be valid: test fixtures of packages often are not.
    return undefined;
  }
}

function packFile(relative: string, content: Uint8Array, packing: Packing): void {
  const path = `${packing.root}/${relative}`;
  packing.loadedBytes += content.byteLength;
  if (SCRIPT.test(path)) {
    const text = decode(content);
    for (const name of findSdkPackages(text)) packing.sdkPackages.add(name);
    const script = packScript(path, text, formatOf(path, packing));
    packing.modules[moduleName(path)] = { cjs: script.cjs };
    packing.kinds[path] = script.esModule ? { kind: "module", ...script.esModule } : { kind: "commonjs" };
    if (script.syntaxError) packing.warnings.push(`${relative} does not parse: ${script.syntaxError}`);
    return;
  }
  const kind = dataKind(path);
  packing.kinds[path] = { kind };
  if (kind === "native") {
    packing.warnings.push(`${relative} is a native add-on, which cannot be loaded.`);
    return;
  }
  packing.modules[moduleName(path)] = { data: copyBuffer(content) };
  if (kind !== "wasm") return;
  // One that does not compile would keep the whole isolate from starting.
  if (WebAssembly.validate(copyBuffer(content))) {
    packing.loadedBytes += content.byteLength;
    packing.modules[compiledWasmName(path)] = { wasm: copyBuffer(content) };
  } else {
    packing.kinds[path] = { kind: "data" };
    packing.warnings.push(`${relative} is no valid WebAssembly.`);
  }
}

function dataKind(path: string): "json" | "wasm" | "native" | "data" {
  if (path.endsWith(".json")) return "json";
  if (path.endsWith(".wasm")) return "wasm";
  return path.endsWith(".node") ? "native" : "data";
}

/** `@aws-sdk/…` packages that a source names where it imports, whether or not the name is found in the package. */
function findSdkPackages(source: string): string[] {
  if (!source.includes("@aws-sdk/")) return [];
  return Array.from(source.matchAll(SDK_IMPORT), ([, called, imported]) => called ?? imported ?? "");
}

function formatOf(path: string, { packages, root }: Packing): Format {
  if (/\.m[jt]s$/.test(path)) return "module";
  if (/\.c[jt]s$/.test(path)) return "commonjs";
  for (let folder = folderOf(path); folder.length >= root.length; folder = folderOf(folder)) {
    const fields = packages[folder];
    if (fields) return fields.type === "module" || fields.type === "commonjs" ? fields.type : "detect";
  }
  return "detect";
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function decode(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** A buffer of its own: that of the zip must not stay alive for it. */
function copyBuffer(content: Uint8Array): ArrayBuffer {
  return new Uint8Array(content).buffer;
}
