/** Turns a deployment package into modules for the Worker Loader, once, when it is uploaded. */
import { Buffer } from "node:buffer";
import { badPackage } from "../errors.ts";
import { MAX_LOADED_BYTES, TASK_ROOT } from "../limits.ts";
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
  readonly modules: Record<string, PackedModule>;
  readonly kinds: Record<string, FileKind>;
  readonly packages: Record<string, PackageFields>;
  readonly warnings: string[];
  loadedBytes: number;
}

const SCRIPT = /\.(?:js|cjs|mjs|jsx|ts|cts|mts|tsx)$/;
/** Node.js runs no TypeScript of packages; maps, types and prose of packages are never read by programs. */
const USELESS_IN_PACKAGES = /\/node_modules\/.*(?:\.(?:ts|cts|mts|tsx|map|md|markdown|flow)|\/LICENSE[^/]*)$/i;

/**
 * Unzips and packs. Throws InvalidParameterValueException for what is no usable zip. A wrong handler is not
 * an error here, as on Lambda: its invocations fail with Runtime.ImportModuleError.
 */
export async function packZip(zip: Uint8Array): Promise<PackResult> {
  const { files, unzippedSize } = readZip(zip, isUseful);
  return {
    packed: packFiles(files),
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

/** Packs files by their path in the zip. */
export function packFiles(files: ReadonlyMap<string, Uint8Array>): PackedCode {
  const packing: Packing = { modules: {}, kinds: {}, packages: {}, warnings: [], loadedBytes: 0 };
  for (const [path, content] of files) {
    if (path.endsWith("package.json")) readPackageFields(`${TASK_ROOT}/${path}`, content, packing);
  }
  for (const [path, content] of files) {
    packFile(path, content, packing);
  }
  const manifest: Manifest = { files: packing.kinds, packages: packing.packages };
  packing.modules[MANIFEST_MODULE] = { json: manifest };
  if (packing.loadedBytes > MAX_LOADED_BYTES) {
    throw badPackage(`The code to load must be smaller than ${MAX_LOADED_BYTES} bytes on this deployment`);
  }
  return { modules: packing.modules, warnings: packing.warnings };
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
  const path = `${TASK_ROOT}/${relative}`;
  packing.loadedBytes += content.byteLength;
  if (SCRIPT.test(path)) {
    const script = packScript(relative, decode(content), formatOf(path, packing.packages));
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

function formatOf(path: string, packages: Readonly<Record<string, PackageFields>>): Format {
  if (/\.m[jt]s$/.test(path)) return "module";
  if (/\.c[jt]s$/.test(path)) return "commonjs";
  for (let folder = folderOf(path); folder.length >= TASK_ROOT.length; folder = folderOf(folder)) {
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
