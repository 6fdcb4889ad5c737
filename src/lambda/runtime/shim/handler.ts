/** Finds and calls the handler, as Lambda's runtime client for Node.js does. */
import { TASK_ROOT } from "../limits.ts";
import { attachLegacy, type Callback, type Context } from "./context.ts";
import { importResolved } from "./es-modules.ts";
import { RuntimeError } from "./errors.ts";
import { configuration, manifest } from "./platform.ts";
import { requireResolved } from "./modules.ts";
import { findFile, normalize, resolveModule } from "./resolve.ts";

export type Handler = (event: unknown, context: Context, callback: Callback) => unknown;

/** Path of the module and the names that lead to the function: `src/app.api.handler` → `src/app`, `api.handler`. */
function parseHandler(handler: string): { module: string; names: readonly string[] } {
  const folderEnd = handler.lastIndexOf("/") + 1;
  const dot = handler.indexOf(".", folderEnd);
  if (dot <= folderEnd || dot === handler.length - 1 || handler.includes("..")) {
    throw new RuntimeError("Runtime.MalformedHandlerName", "Bad handler");
  }
  return { module: handler.slice(0, dot), names: handler.slice(dot + 1).split(".") };
}

/** Throws Lambda's Runtime.* errors. */
export async function loadHandler(): Promise<Handler> {
  const { module, names } = parseHandler(configuration.handler);
  const loaded = await loadHandlerModule(module);
  const found = names.reduce<unknown>((value, name) => Reflect.get(Object(value), name), loaded);
  if (typeof found !== "function") {
    throw new RuntimeError("Runtime.HandlerNotFound", `${configuration.handler} is undefined or not exported`);
  }
  return found as Handler;
}

async function loadHandlerModule(module: string): Promise<unknown> {
  const path = findHandlerFile(module);
  if (path === undefined) {
    throw new RuntimeError(
      "Runtime.ImportModuleError",
      `Error: Cannot find module '${module}'\nRequire stack:\n- /var/runtime/index.mjs`,
    );
  }
  try {
    return manifest.files[path]?.kind === "module" ? await importResolved(path) : requireResolved(path, null);
  } catch (error) {
    throw renameLoadError(error);
  }
}

/** A file of the package, one of a layer by its whole path, or a package's by its name, as wrappers in layers are. */
function findHandlerFile(module: string): string | undefined {
  const own = findFile(normalize(module.startsWith("/") ? module : `${TASK_ROOT}/${module}`));
  if (own !== undefined) return own;
  try {
    const found = resolveModule(module, `${TASK_ROOT}/index.js`, false);
    return found.startsWith("node:") ? undefined : found;
  } catch {
    return undefined;
  }
}

function renameLoadError(error: unknown): unknown {
  if (error instanceof SyntaxError) return rename(error, "Runtime.UserCodeSyntaxError");
  const code: unknown = error instanceof Error ? Reflect.get(error, "code") : undefined;
  if (error instanceof Error && (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND")) {
    return rename(error, "Runtime.ImportModuleError");
  }
  return error;
}

function rename(error: Error, name: string): Error {
  const renamed = new RuntimeError(name, `${error.name}: ${error.message}`);
  renamed.stack = error.stack ?? "";
  return renamed;
}

/**
 * Calls the handler in whichever style it has: a promise, a callback, `context.done` and its kin, or a plain
 * value. Lambda waits for the event loop to be empty when a handler without a promise returns; workerd does
 * not tell, so that one that neither takes a callback nor knows `context.done` counts as finished.
 */
export function callHandler(handler: Handler, event: unknown, context: Context): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const settle: Callback = (error, result) => {
    if (error === undefined || error === null) resolve(result);
    else reject(error);
  };
  const legacy = attachLegacy(context, settle);
  const returned = handler(event, context, settle);
  if (isThenable(returned)) {
    returned.then(resolve, reject);
  } else if (handler.length < 3 && !legacy.wasTouched && !LEGACY_WAYS.test(String(handler))) {
    // What a synchronous handler returns is not its result on Lambda either.
    resolve(null);
  }
  return promise;
}

const LEGACY_WAYS = /\.(?:done|succeed|fail)\b/;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, "then") === "function";
}
