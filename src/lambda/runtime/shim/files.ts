/**
 * The file system as a function sees it: workerd keeps the package below `/bundle`, Lambda below `/var/task`.
 * Files are read-only there, and `/tmp` can be written.
 */
import fs from "node:fs";
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { LAYER_ROOT, RUNTIME_ROOT, TASK_ROOT } from "../limits.ts";
import { noteFileSystemUse } from "./tmp.ts";

type AnyFunction = (this: unknown, ...values: unknown[]) => unknown;

const BUNDLE = "/bundle";
const ROOTS = [TASK_ROOT, LAYER_ROOT, RUNTIME_ROOT];
/** Take two paths. */
const TWO_PATHS = /^(?:rename|copyFile|link|symlink|cp)(?:Sync)?$/;

/** Text of a file of the package. */
export function readTaskFile(path: string): string {
  return fs.readFileSync(BUNDLE + path, "utf8");
}

export function createFileSystem(): Record<string, unknown> {
  noteFileSystemUse();
  const promises = translateAll(fs.promises);
  return { ...translateAll(fs), promises };
}

function translateAll(original: object): Record<string, unknown> {
  const translated: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(original)) {
    const isOperation = typeof value === "function" && /^[a-z]/.test(name);
    translated[name] = isOperation ? translatePaths(name, value as AnyFunction) : value;
  }
  return translated;
}

function translatePaths(name: string, operation: AnyFunction): AnyFunction {
  const paths = TWO_PATHS.test(name) ? 2 : 1;
  const translated: AnyFunction = function (...values) {
    for (let index = 0; index < paths; index++) values[index] = toBundle(values[index]);
    return operation.apply(this, values);
  };
  // `util.promisify(fs.exists)` and what else hangs on the originals.
  return Object.defineProperties(translated, Object.getOwnPropertyDescriptors(operation));
}

function toBundle(path: unknown): unknown {
  const text = textOf(path);
  if (text === undefined) return path;
  if (ROOTS.some((root) => text === root || text.startsWith(`${root}/`))) return BUNDLE + text;
  return text.startsWith("/") || text === "" ? text : `${BUNDLE}${TASK_ROOT}/${text}`;
}

/** Undefined for what is no path: a descriptor, options. */
function textOf(path: unknown): string | undefined {
  if (typeof path === "string") return path;
  if (path instanceof Uint8Array) return Buffer.from(path).toString();
  const href: unknown = typeof path === "object" && path !== null ? Reflect.get(path, "href") : undefined;
  return typeof href === "string" && href.startsWith("file:") ? fileURLToPath(href) : undefined;
}
