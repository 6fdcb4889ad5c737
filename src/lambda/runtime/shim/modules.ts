/** Loads the package's modules on demand, with Node.js's semantics for CommonJS; ES modules: es-modules.ts. */
import { moduleName } from "../pack/manifest.ts";
import { readBuiltin } from "./builtins.ts";
import { readTaskFile } from "./files.ts";
import { loaderOf, registerLoaders } from "./linkage.ts";
import { checkLoop, FIRST_LOOP_COUNT } from "./loops.ts";
import { loadPacked, manifest } from "./platform.ts";
import { folderOf, resolveModule } from "./resolve.ts";

/** What a CommonJS file gets as `module`. */
export interface CommonJsModule {
  readonly id: string;
  readonly filename: string;
  readonly path: string;
  readonly paths: readonly string[];
  readonly children: CommonJsModule[];
  readonly parent: CommonJsModule | null;
  exports: unknown;
  loaded: boolean;
  require: Require;
}

export interface Require {
  (specifier: string): unknown;
  resolve: (specifier: string) => string;
  cache: Record<string, CommonJsModule>;
  main: CommonJsModule | undefined;
  extensions: Record<string, unknown>;
}

type CommonJsFactory = (
  this: unknown,
  exports: unknown,
  require: Require,
  module: CommonJsModule,
  filename: string,
  dirname: string,
  dynamicImport: (specifier: string) => Promise<unknown>,
  loopCheck: () => number,
  loopCount: number,
) => void;

const cache: Record<string, CommonJsModule> = Object.create(null) as Record<string, CommonJsModule>;
let main: CommonJsModule | undefined;

registerLoaders({ requireResolved: (id) => requireResolved(id, null), createRequire });

/** `require`, by the path or builtin name that resolution gave. */
export function requireResolved(id: string, parent: CommonJsModule | null): unknown {
  if (id.startsWith("node:")) return readBuiltin(id.slice("node:".length));
  if (manifest.files[id]?.kind === "module") return loaderOf("requireEsModule")(id);
  const known = cache[id];
  if (known) return known.exports;
  const module = createModule(id, parent);
  cache[id] = module;
  try {
    fill(module);
  } catch (error) {
    // As in Node.js the next `require` tries again.
    delete cache[id];
    throw error;
  }
  module.loaded = true;
  return module.exports;
}

function createModule(id: string, parent: CommonJsModule | null): CommonJsModule {
  const module: CommonJsModule = {
    id: main === undefined ? "." : id,
    filename: id,
    path: folderOf(id),
    paths: [],
    children: [],
    parent,
    exports: {},
    loaded: false,
    require: createRequire(id),
  };
  module.require = createRequire(id, module);
  main ??= module;
  parent?.children.push(module);
  return module;
}

function fill(module: CommonJsModule): void {
  const id = module.filename;
  switch (manifest.files[id]?.kind) {
    case "json":
      module.exports = parseJson(id);
      return;
    case "native":
      throw Object.assign(new Error(`Native add-ons cannot be loaded on this platform: ${id}`), {
        code: "ERR_DLOPEN_FAILED",
      });
    case "commonjs":
      runFactory(module);
      return;
    default:
      throw new SyntaxError(`Invalid or unexpected token in ${id}`);
  }
}

function parseJson(id: string): unknown {
  try {
    return JSON.parse(readTaskFile(id).replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new SyntaxError(`${id}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function runFactory(module: CommonJsModule): void {
  const { filename, path } = module;
  const factory = loadPacked(moduleName(filename)) as CommonJsFactory;
  const dynamicImport = (specifier: string) => loaderOf("importModule")(specifier, filename);
  const { exports, require } = module;
  factory.call(exports, exports, require, module, filename, path, dynamicImport, checkLoop, FIRST_LOOP_COUNT);
}

/** `module.createRequire` too: `from` is the file on whose behalf modules are looked up. */
function createRequire(from: string, parent: CommonJsModule | null = null): Require {
  const require = (specifier: string) => requireResolved(resolveModule(specifier, from, false), parent);
  return Object.assign(require, {
    resolve: (specifier: string) => {
      const found = resolveModule(specifier, from, false);
      return found.startsWith("node:") ? specifier : found;
    },
    cache,
    main,
    extensions: {},
  });
}
