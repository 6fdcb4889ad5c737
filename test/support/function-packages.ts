import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { projectDir } from "../../scripts/local/bundle.ts";

const MODULES = join(projectDir, "node_modules");

/**
 * The files of packages as `npm install` lays them out in a function's folder: the packages themselves and all
 * that they depend on, from this project's own `node_modules`.
 */
export function collectPackages(names: readonly string[]): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  const pending = names.map((name) => ({ name, from: projectDir }));
  const seen = new Set<string>();
  for (const { name, from } of pending) {
    const folder = findPackage(name, from);
    // Optional ones may be missing, as they may in a function.
    if (folder === undefined || seen.has(folder)) continue;
    seen.add(folder);
    addFolder(folder, files);
    const fields = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { dependencies?: object };
    pending.push(...Object.keys(fields.dependencies ?? {}).map((one) => ({ name: one, from: folder })));
  }
  return files;
}

function findPackage(name: string, from: string): string | undefined {
  for (let folder = from; folder.startsWith(projectDir); folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return found;
  }
  return undefined;
}

function addFolder(folder: string, files: Record<string, Uint8Array>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    // Packages within packages are found by what depends on them.
    if (entry.isDirectory() && entry.name !== "node_modules") addFolder(path, files);
    if (entry.isFile()) files[`node_modules/${relative(MODULES, path)}`] = readFileSync(path);
  }
}
