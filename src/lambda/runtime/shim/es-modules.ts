/** Links and evaluates packed ES modules (pack/es-module.ts) as ECMA-262, 16.2.1.6 does. */
import { moduleName } from "../pack/manifest.ts";
import { loaderOf, registerLoaders } from "./linkage.ts";
import { checkLoop, FIRST_LOOP_COUNT } from "./loops.ts";
import { loadPacked, manifest } from "./platform.ts";
import { folderOf, resolveModule } from "./resolve.ts";

type Namespace = Record<string, unknown>;
type Getters = Record<string, () => unknown>;
type Steps = Generator<void, void> | AsyncGenerator<void, void>;

/** What a packed ES module gets from the shim. */
interface ModuleHandle {
  readonly namespaces: readonly Namespace[];
  readonly meta: Record<string, unknown>;
  readonly link: (getters: Getters, stars: readonly number[]) => void;
}

type EsModuleFactory = (
  handle: ModuleHandle,
  dynamicImport: (specifier: string) => Promise<unknown>,
  loopCheck: () => number,
  loopCount: number,
) => Steps;

interface EsModule {
  readonly namespace: Namespace;
  readonly isAsync: boolean;
  /** Resolved imports, in order. */
  readonly requests: readonly string[];
  readonly namespaces: readonly Namespace[];
  steps: Steps | undefined;
  stars: readonly number[];
  state: "linked" | "evaluating" | "evaluated";
  /** Of a module that awaits, or imports one that does. */
  promise: Promise<void> | undefined;
  failure: { readonly error: unknown } | undefined;
}

const modules = new Map<string, EsModule>();
/** Of CommonJS files and builtins, as `import` sees them; filled when they have run. */
const foreign = new Map<string, Namespace>();

registerLoaders({ importModule, requireEsModule });

/** `import()`. */
async function importModule(specifier: unknown, from: string): Promise<Namespace> {
  return importResolved(resolveModule(String(specifier), from, true));
}

export async function importResolved(id: string): Promise<Namespace> {
  if (manifest.files[id]?.kind !== "module") return evaluateForeign(id);
  const module = linkModule(id);
  await evaluate(module);
  return module.namespace;
}

/** `require()` of an ES module, which Node.js allows when nothing in it awaits. */
function requireEsModule(id: string): unknown {
  const module = linkModule(id);
  const pending = evaluate(module);
  if (pending) {
    pending.catch(() => undefined);
    throw Object.assign(new Error(`require() cannot be used on an ESM graph with top-level await: ${id}`), {
      code: "ERR_REQUIRE_ASYNC_MODULE",
    });
  }
  const { namespace } = module;
  if ("module.exports" in namespace) return namespace["module.exports"];
  if ("default" in namespace && !("__esModule" in namespace)) {
    return Object.create(namespace, { __esModule: { value: true } }) as unknown;
  }
  return namespace;
}

function linkModule(id: string): EsModule {
  const known = modules.get(id);
  if (known) return known;
  const file = manifest.files[id];
  if (file?.kind !== "module") throw new Error(`${id} is not an ES module`);
  const requests = file.imports.map((specifier) => resolveModule(specifier, id, true));
  const module: EsModule = {
    namespace: createNamespace(),
    isAsync: file.isAsync,
    requests,
    namespaces: [],
    steps: undefined,
    stars: [],
    state: "linked",
    promise: undefined,
    failure: undefined,
  };
  modules.set(id, module);
  try {
    Object.assign(module, { namespaces: requests.map(namespaceOf) });
    startModule(id, module);
  } catch (error) {
    modules.delete(id);
    throw error;
  }
  return module;
}

/** Runs the module up to its `yield`: functions are there, exports can be read, nothing of it has run. */
function startModule(id: string, module: EsModule): void {
  const factory = loadPacked(moduleName(id)) as EsModuleFactory;
  const handle: ModuleHandle = {
    namespaces: module.namespaces,
    meta: createMeta(id),
    link(getters, stars) {
      for (const [name, get] of Object.entries(getters)) defineExport(module.namespace, name, get);
      module.stars = stars;
    },
  };
  const steps = factory(handle, (specifier) => importModule(specifier, id), checkLoop, FIRST_LOOP_COUNT);
  module.steps = steps;
  void steps.next();
  exportStars(module);
}

function createMeta(id: string): Record<string, unknown> {
  return {
    url: `file://${id}`,
    filename: id,
    dirname: folderOf(id),
    main: false,
    resolve: (specifier: string) => {
      const found = resolveModule(specifier, id, true);
      return found.startsWith("node:") ? found : `file://${found}`;
    },
    require: loaderOf("createRequire")(id),
  };
}

/** Returns a promise only where something awaits. */
function evaluate(module: EsModule): Promise<void> | undefined {
  if (module.failure) throw module.failure.error;
  if (module.state !== "linked") return module.promise;
  module.state = "evaluating";
  try {
    const pending = evaluateRequests(module);
    exportStars(module);
    if (pending.length === 0 && !module.isAsync) {
      void module.steps?.next();
      module.state = "evaluated";
      return undefined;
    }
    module.promise = finishLater(module, pending);
    return module.promise;
  } catch (error) {
    module.failure = { error };
    throw error;
  }
}

function evaluateRequests(module: EsModule): Promise<void>[] {
  const pending: Promise<void>[] = [];
  for (const id of module.requests) {
    const imported = modules.get(id);
    const promise = imported ? evaluate(imported) : void evaluateForeign(id);
    if (promise) pending.push(promise);
  }
  return pending;
}

async function finishLater(module: EsModule, pending: readonly Promise<void>[]): Promise<void> {
  try {
    await Promise.all(pending);
    exportStars(module);
    await module.steps?.next();
    module.state = "evaluated";
  } catch (error) {
    module.failure = { error };
    throw error;
  }
}

function namespaceOf(id: string): Namespace {
  if (manifest.files[id]?.kind === "module") return linkModule(id).namespace;
  const known = foreign.get(id);
  if (known) return known;
  const namespace = createNamespace();
  foreign.set(id, namespace);
  return namespace;
}

/** Runs a CommonJS file, JSON or builtin, and shows its `module.exports` as Node.js does: default, and by name. */
function evaluateForeign(id: string): Namespace {
  const namespace = namespaceOf(id);
  const exports = loaderOf("requireResolved")(id);
  defineExport(namespace, "default", () => exports);
  defineExport(namespace, "module.exports", () => exports);
  if ((typeof exports !== "object" && typeof exports !== "function") || exports === null) return namespace;
  for (const name of Object.keys(exports)) {
    if (name !== "default") defineExport(namespace, name, () => Reflect.get(exports, name));
  }
  return namespace;
}

/** `export * from`: what the other exports, but its default and what this module exports by name. */
function exportStars(module: EsModule): void {
  for (const index of module.stars) {
    const other = module.namespaces[index];
    if (other === undefined) continue;
    for (const name of Object.keys(other)) {
      const isOwn = name === "default" || name === "module.exports" || Object.hasOwn(module.namespace, name);
      if (!isOwn) defineExport(module.namespace, name, () => other[name]);
    }
  }
}

function createNamespace(): Namespace {
  const namespace = Object.create(null) as Namespace;
  return Object.defineProperty(namespace, Symbol.toStringTag, { value: "Module" });
}

function defineExport(namespace: Namespace, name: string, get: () => unknown): void {
  Object.defineProperty(namespace, name, { get, enumerable: true, configurable: true });
}
