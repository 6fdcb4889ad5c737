/** Node.js's algorithms for finding modules ("Modules: CommonJS", "Modules: Packages"), over the manifest. */
import { exports as resolveExports, imports as resolveImports, type Package } from "resolve.exports";
import type { PackageFields } from "../pack/manifest.ts";
import { builtinName, configuration, manifest } from "./platform.ts";

/** TypeScript sources name their neighbours as the compiler would: `./x.js` may be `x.ts`. */
const ENDINGS = ["", ".js", ".json", ".node", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".jsx"];
const TYPED_ENDINGS: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
const REQUIRE_CONDITIONS = ["node", "require", "module-sync"];
const IMPORT_CONDITIONS = ["node", "import", "module-sync"];

/** Where packages are looked for at last. Lambda's runtimes do so for `import` too, unlike Node.js. */
const NODE_PATH = configuration.environment["NODE_PATH"]?.split(":").filter((folder) => folder !== "") ?? [];

const resolved = new Map<string, string>();

/**
 * Returns `node:fs`, or the absolute path of a file. Throws Node.js's MODULE_NOT_FOUND.
 * `from` is the path of the file that asks.
 */
export function resolveModule(specifier: string, from: string, isImport: boolean): string {
  const builtin = builtinName(specifier);
  if (builtin !== undefined) return `node:${builtin}`;
  const folder = folderOf(from);
  const key = `${isImport ? "i" : "r"} ${folder} ${specifier}`;
  const known = resolved.get(key);
  if (known !== undefined) return known;
  const found = findModule(specifier, folder, isImport);
  if (found === undefined) throw notFound(specifier, from, isImport);
  resolved.set(key, found);
  return found;
}

function findModule(specifier: string, folder: string, isImport: boolean): string | undefined {
  if (specifier.startsWith("file:")) return findFile(normalize(decodeURIComponent(new URL(specifier).pathname)));
  if (specifier.startsWith("/")) return findPath(normalize(specifier));
  if (specifier === "." || specifier === ".." || /^\.\.?\//.test(specifier)) {
    return findPath(normalize(`${folder}/${specifier}`));
  }
  const conditions = isImport ? IMPORT_CONDITIONS : REQUIRE_CONDITIONS;
  if (specifier.startsWith("#")) return findPrivate(specifier, folder, conditions, isImport);
  return findPackage(specifier, folder, conditions);
}

/** A file or a folder, by its absolute path. */
function findPath(path: string): string | undefined {
  return findFile(path) ?? findFolder(path);
}

export function findFile(path: string): string | undefined {
  for (const ending of ENDINGS) if (Object.hasOwn(manifest.files, path + ending)) return path + ending;
  const written = /\.[mc]?js$/.exec(path)?.[0] ?? "";
  const stem = path.slice(0, path.length - written.length);
  return TYPED_ENDINGS[written]?.map((ending) => stem + ending).find((typed) => Object.hasOwn(manifest.files, typed));
}

function findFolder(path: string): string | undefined {
  const main = manifest.packages[path]?.main;
  const target = main === undefined ? undefined : normalize(`${path}/${main}`);
  return (target && (findFile(target) ?? findFile(`${target}/index`))) ?? findFile(`${path}/index`);
}

/** `#name`: the `imports` of the nearest package.json. */
function findPrivate(
  specifier: string,
  folder: string,
  conditions: readonly string[],
  isImport: boolean,
): string | undefined {
  const owner = listFolders(folder).find((one) => manifest.packages[one]);
  const fields = owner === undefined ? undefined : manifest.packages[owner];
  if (owner === undefined || !fields?.imports) return undefined;
  for (const target of tryMap(() => resolveImports(asPackage(fields), specifier, { unsafe: true, conditions }))) {
    const found = target.startsWith(".")
      ? findExact(normalize(`${owner}/${target}`))
      : resolveModule(target, `${owner}/package.json`, isImport);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `name`, `@scope/name`, `name/sub`: the nearest `node_modules` that has it. */
function findPackage(specifier: string, folder: string, conditions: readonly string[]): string | undefined {
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const self = listFolders(folder).find((one) => manifest.packages[one]?.name === name);
  if (self !== undefined && manifest.packages[self]?.exports !== undefined) {
    const own = findExported(self, specifier, conditions);
    if (own !== undefined) return own;
  }
  for (const modules of [...listFolders(folder).map((one) => `${one}/node_modules`), ...NODE_PATH]) {
    const root = `${modules}/${name}`;
    const fields = manifest.packages[root];
    const found =
      fields?.exports === undefined ? findPath(`${modules}/${specifier}`) : findExported(root, specifier, conditions);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findExported(root: string, specifier: string, conditions: readonly string[]): string | undefined {
  const fields = { ...manifest.packages[root], name: /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "" };
  const targets = tryMap(() => resolveExports(asPackage(fields), specifier, { unsafe: true, conditions }));
  return targets.map((target) => findExact(normalize(`${root}/${target}`))).find((found) => found !== undefined);
}

/** Targets of `exports` and `imports` are exact: no endings are tried. */
function findExact(path: string): string | undefined {
  return Object.hasOwn(manifest.files, path) ? path : undefined;
}

/** The library throws for what the map does not name. */
function tryMap(look: () => readonly string[] | undefined | void): readonly string[] {
  try {
    return look() ?? [];
  } catch {
    return [];
  }
}

function asPackage(fields: PackageFields): Package {
  return { ...fields, name: fields.name ?? "" } as Package;
}

/** The folder and those above it, `/var/task/node_modules/a` first. */
function listFolders(folder: string): string[] {
  const folders: string[] = [];
  for (let one = folder; one.length > 0; one = folderOf(one)) folders.push(one);
  return folders;
}

export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Absolute, without `.`, `..` and empty parts. */
export function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function notFound(specifier: string, from: string, isImport: boolean): Error {
  if (isImport) {
    const kind = /^[./]/.test(specifier) ? "module" : "package";
    const missing = kind === "module" ? normalize(`${folderOf(from)}/${specifier}`) : specifier;
    return Object.assign(new Error(`Cannot find ${kind} '${missing}' imported from ${from}`), {
      code: "ERR_MODULE_NOT_FOUND",
    });
  }
  return Object.assign(new Error(`Cannot find module '${specifier}'\nRequire stack:\n- ${from}`), {
    code: "MODULE_NOT_FOUND",
    requireStack: [from],
  });
}
