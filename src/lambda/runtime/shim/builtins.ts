/** Node.js's modules as a function gets them: workerd's own, but for those that would show what lies beneath. */
import { fileURLToPath } from "node:url";
import { TASK_ROOT } from "../limits.ts";
import { emitContinue } from "./continue.ts";
import { createFileSystem } from "./files.ts";
import { IncomingMessage } from "./incoming-message.ts";
import { loaderOf } from "./linkage.ts";
import { builtinName, loadBuiltin } from "./platform.ts";
import { ServerResponse } from "./server-response.ts";
import { timerFunctions } from "./timers.ts";

type Exports = Record<string, unknown>;

const made = new Map<string, Exports>();

const MAKERS: Readonly<Record<string, () => Exports>> = {
  fs: createFileSystem,
  "fs/promises": () => readBuiltin("fs")["promises"] as Exports,
  http: () => ({ ...createHttp("http"), IncomingMessage, ServerResponse }),
  https: () => createHttp("https"),
  module: createModuleModule,
  path: createPath,
  "path/posix": createPath,
  process: () => process as unknown as Exports,
  console: () => console as unknown as Exports,
  timers: () => ({ ...loadBuiltin("timers"), ...timerFunctions() }),
  util: createUtil,
};

/** By name without `node:`. */
export function readBuiltin(name: string): Exports {
  const make = MAKERS[name];
  if (make === undefined) return loadBuiltin(name);
  const known = made.get(name);
  if (known) return known;
  const exports = make();
  made.set(name, exports);
  return exports;
}

/** For `process.getBuiltinModule`. */
export function readKnownBuiltin(specifier: string): Exports | undefined {
  const name = builtinName(specifier);
  return name === undefined ? undefined : readBuiltin(name);
}

function createHttp(name: "http" | "https"): Exports {
  const original = loadBuiltin(name);
  return { ...original, request: emitContinue(original["request"] as Parameters<typeof emitContinue>[0]) };
}

/** `node:util`, whose `debuglog` says nothing unless `NODE_DEBUG` names the section: workerd's always speaks. */
function createUtil(): Exports {
  const original = loadBuiltin("util");
  const speak = original["debuglog"] as (section: string, callback?: unknown) => unknown;
  const debuglog = (section: string, callback?: unknown) =>
    isDebugged(section) ? speak(section, callback) : Object.assign(() => undefined, { enabled: false });
  return { ...original, debuglog, debug: debuglog };
}

/** `NODE_DEBUG=http,fs*`, in any case. */
function isDebugged(section: string): boolean {
  const names = (process.env["NODE_DEBUG"] ?? "").split(",").filter((name) => name !== "");
  return names.some((name) => {
    const pattern = name.replaceAll(/[$+.?()[\]\\^{|}]/g, String.raw`\$&`).replaceAll("*", ".*");
    return new RegExp(`^${pattern}$`, "i").test(section);
  });
}

/** `node:path`, whose `resolve` starts at the working directory. */
function createPath(): Exports {
  const original = loadBuiltin("path");
  const resolve = (...parts: string[]) => (original["resolve"] as (...all: string[]) => string)(TASK_ROOT, ...parts);
  const exports: Exports = { ...original, resolve };
  return Object.assign(exports, { posix: exports });
}

/** `node:module`, whose `createRequire` must find the function's own modules. */
function createModuleModule(): Exports {
  const original = loadBuiltin("module");
  const exports = {
    builtinModules: original["builtinModules"],
    createRequire: (from: string | URL) => {
      const text = String(from);
      return loaderOf("createRequire")(text.startsWith("file:") ? fileURLToPath(text) : text);
    },
    isBuiltin: (specifier: string) => builtinName(specifier) !== undefined,
    // Hooks and caches of Node.js's own loader: there is none, and asking for them does no harm.
    register: () => undefined,
    enableCompileCache: () => undefined,
    syncBuiltinESMExports: () => undefined,
  };
  return { ...exports, Module: exports };
}
