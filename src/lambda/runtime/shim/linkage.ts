/**
 * CommonJS files, ES modules and builtins load each other. What each can load is registered here, so that
 * none of them imports another.
 */
import type { Require } from "./modules.ts";

export interface Linkage {
  /** By the path or `node:` name that resolution gave. */
  requireResolved: (id: string) => unknown;
  createRequire: (from: string) => Require;
  requireEsModule: (id: string) => unknown;
  importModule: (specifier: string, from: string) => Promise<unknown>;
}

const registered: Partial<Linkage> = {};

export function registerLoaders(loaders: Partial<Linkage>): void {
  Object.assign(registered, loaders);
}

export function loaderOf<Name extends keyof Linkage>(name: Name): Linkage[Name] {
  const loader = registered[name];
  if (loader === undefined) throw new Error(`The loader ${name} is missing.`);
  return loader;
}
