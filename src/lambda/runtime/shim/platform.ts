/**
 * What workerd gives the shim: Node.js's own modules, and the modules beside it. The function's code never
 * sees this `require`.
 */
import { createRequire, isBuiltin } from "node:module";
import type { Manifest } from "../pack/manifest.ts";
import type { EnvironmentConfiguration } from "./wire.ts";

const requireNative = createRequire("/");

/** A module of Node.js, by its name without `node:`. */
export function loadBuiltin(name: string): Record<string, unknown> {
  return requireNative(`node:${name}`) as Record<string, unknown>;
}

/** The name without `node:` if it is a module of Node.js. */
export function builtinName(specifier: string): string | undefined {
  if (specifier.startsWith("node:")) return specifier.slice("node:".length);
  return isBuiltin(specifier) ? specifier : undefined;
}

/** A module of the package, by the name it has among the loader's modules. */
export function loadPacked(name: string): unknown {
  return requireNative(`./${name}`);
}

export const manifest = loadPacked("verge/manifest.json") as Manifest;
export const configuration = loadPacked("verge/function.json") as EnvironmentConfiguration;
