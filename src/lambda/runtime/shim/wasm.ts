/**
 * WebAssembly of the package. workerd compiles none while it runs, so every `.wasm` file is also there in
 * compiled form: whoever wants to compile its bytes gets that.
 */
import { compiledWasmName, moduleName } from "../pack/manifest.ts";
import { loadPacked, manifest } from "./platform.ts";

interface WasmFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

let files: WasmFile[] | undefined;

/** Read when the first bytes are to be compiled. */
function listFiles(): readonly WasmFile[] {
  files ??= Object.entries(manifest.files)
    .filter(([, file]) => file.kind === "wasm")
    .map(([path]) => ({ path, bytes: new Uint8Array(loadPacked(moduleName(path)) as ArrayBuffer) }));
  return files;
}

function findCompiled(source: BufferSource): WebAssembly.Module | undefined {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const file = listFiles().find((one) => isEqual(one.bytes, bytes));
  return file && (loadPacked(compiledWasmName(file.path)) as WebAssembly.Module);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index]);
}

function requireCompiled(source: BufferSource): WebAssembly.Module {
  const compiled = findCompiled(source);
  if (compiled) return compiled;
  throw new WebAssembly.CompileError(
    "WebAssembly can only be compiled from the .wasm files of the deployment package: this platform compiles none at run time",
  );
}

export function installWasm(): void {
  if (!Object.values(manifest.files).some((file) => file.kind === "wasm")) return;
  const { instantiate, Module } = WebAssembly;
  const replaced = {
    compile: async (source: BufferSource) => requireCompiled(source),
    compileStreaming: async (response: Response | Promise<Response>) =>
      requireCompiled(await (await response).arrayBuffer()),
    async instantiate(source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports) {
      if (source instanceof Module) return instantiate(source, imports);
      const module = requireCompiled(source);
      return { module, instance: await instantiate(module, imports) };
    },
    async instantiateStreaming(response: Response | Promise<Response>, imports?: WebAssembly.Imports) {
      return replaced.instantiate(await (await response).arrayBuffer(), imports);
    },
    Module: new Proxy(Module, { construct: (_, [source]: [BufferSource]) => requireCompiled(source) }),
  };
  Object.assign(WebAssembly, replaced);
}
