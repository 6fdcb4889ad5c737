/** Packed code as one run of bytes: four of length, a JSON header, then the modules one after the other. */
import { MANIFEST_MODULE, type Manifest } from "./manifest.ts";
import type { PackedCode, PackedModule } from "../protocol.ts";

type Kind = keyof PackedModule;

interface Header {
  /** Modules in the order of their bytes: name, kind, length in bytes. */
  readonly modules: readonly (readonly [name: string, kind: Kind, length: number])[];
  readonly warnings: readonly string[];
  readonly sdkPackages?: readonly string[];
}

const LENGTH_BYTES = 4;

export function encodePacked(packed: PackedCode): Uint8Array {
  const modules = Object.entries(packed.modules).map(([name, module]) => ({ name, ...toBytes(module) }));
  const header: Header = {
    modules: modules.map(({ name, kind, bytes }) => [name, kind, bytes.byteLength]),
    warnings: packed.warnings,
    ...(packed.sdkPackages && { sdkPackages: packed.sdkPackages }),
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.byteLength);
  return Buffer.concat([length, head, ...modules.map(({ bytes }) => bytes)]);
}

export function decodePacked(stored: ArrayBuffer): PackedCode {
  const headLength = new DataView(stored).getUint32(0);
  let offset = LENGTH_BYTES + headLength;
  const header = JSON.parse(Buffer.from(stored, LENGTH_BYTES, headLength).toString()) as Header;
  const modules: Record<string, PackedModule> = {};
  for (const [name, kind, length] of header.modules) {
    modules[name] = fromBytes(kind, stored, offset, length);
    offset += length;
  }
  const { warnings, sdkPackages } = header;
  return { modules, warnings, ...(sdkPackages && { sdkPackages }) };
}

function toBytes(module: PackedModule): { kind: Kind; bytes: Uint8Array } {
  const [entry] = Object.entries(module) as [Kind, unknown][];
  if (!entry) throw new Error("a module without contents");
  const [kind, contents] = entry;
  if (contents instanceof ArrayBuffer) return { kind, bytes: new Uint8Array(contents) };
  return { kind, bytes: Buffer.from(kind === "json" ? JSON.stringify(contents) : String(contents)) };
}

function fromBytes(kind: Kind, stored: ArrayBuffer, offset: number, length: number): PackedModule {
  if (kind === "data" || kind === "wasm") return { [kind]: stored.slice(offset, offset + length) };
  const text = Buffer.from(stored, offset, length).toString();
  return kind === "json" ? { json: JSON.parse(text) as unknown } : { [kind]: text };
}

/** What packages hold together, laid out in one file system: a file of a later one hides that of an earlier one. */
export function mergePacked(parts: readonly PackedCode[]): PackedCode {
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const manifests = parts.map(readManifest);
  const manifest: Manifest = {
    files: Object.assign({}, ...manifests.map(({ files }) => files)) as Manifest["files"],
    packages: Object.assign({}, ...manifests.map(({ packages }) => packages)) as Manifest["packages"],
  };
  const modules = Object.assign({}, ...parts.map((part) => part.modules)) as PackedCode["modules"];
  return {
    modules: { ...modules, [MANIFEST_MODULE]: { json: manifest } },
    warnings: parts.flatMap(({ warnings }) => warnings),
    sdkPackages: [...new Set(parts.flatMap(({ sdkPackages }) => sdkPackages ?? []))],
  };
}

export function readManifest({ modules }: PackedCode): Manifest {
  return modules[MANIFEST_MODULE]?.json as Manifest;
}
