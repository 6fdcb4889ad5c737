/** What the shim must know of a package besides its code. Shapes only: the packer writes it, the shim reads it. */

/** The fields of a package.json by which modules are found. */
export interface PackageFields {
  readonly name?: string;
  readonly main?: string;
  readonly type?: string;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

export type FileKind =
  | { readonly kind: "commonjs" | "json" | "wasm" | "native" | "data" }
  | { readonly kind: "module"; readonly imports: readonly string[]; readonly isAsync: boolean };

export interface Manifest {
  /** By absolute path, `/var/task/index.js`. */
  readonly files: Readonly<Record<string, FileKind>>;
  /** By absolute folder. */
  readonly packages: Readonly<Record<string, PackageFields>>;
}

/** Name of the manifest among the modules. */
export const MANIFEST_MODULE = "verge/manifest.json";

/** A file's name among the modules: what stack traces and workerd's `/bundle` show. */
export function moduleName(path: string): string {
  return path.slice(1);
}

/** Name of the compiled form of a wasm file, beside its bytes. */
export function compiledWasmName(path: string): string {
  return `verge/wasm${path}`;
}
