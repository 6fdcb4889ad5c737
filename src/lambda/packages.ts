import type { FunctionCode } from "../metadata/function/protocol.ts";
import type { FunctionCodeStore } from "../storage/function-code.ts";
import { packZip } from "./runtime/pack/pack.ts";
import type { PackedCode, PackedModule } from "./runtime/protocol.ts";

/**
 * Packages between R2 and the Worker Loader. What the loader takes is made once, at the upload, and stored
 * beside the zip: a cold start reads one object and unpacks nothing.
 */

/** The name of the form in R2. A version of the packer that makes others gets a new one, and packs anew. */
export const PACKED_FORM = "packed-v1";

/** Checks a zip and makes the form that is ready to load. Throws InvalidParameterValueException. */
export async function packCode(zip: Uint8Array, codeId: string): Promise<{ code: FunctionCode; form: Uint8Array }> {
  const { packed, codeSha256, codeSize, unzippedSize } = await packZip(zip);
  return { code: { codeId, sha256: codeSha256, size: codeSize, unzippedSize }, form: encodePacked(packed) };
}

/** What the loader takes of a version. */
export async function loadPacked(packages: FunctionCodeStore, codeId: string): Promise<PackedCode> {
  const stored = await packages.readForm(codeId, PACKED_FORM);
  if (stored) return decodePacked(stored);
  const zip = await packages.openZip(codeId);
  if (!zip) throw new Error(`The package ${codeId} is not in R2`);
  const { packed } = await packZip(new Uint8Array(await new Response(zip.body).arrayBuffer()));
  await packages.putForm(codeId, PACKED_FORM, encodePacked(packed));
  return packed;
}

type Kind = keyof PackedModule;

interface Header {
  /** Modules in the order of their bytes: name, kind, length in bytes. */
  readonly modules: readonly (readonly [name: string, kind: Kind, length: number])[];
  readonly warnings: readonly string[];
}

const LENGTH_BYTES = 4;

/** Four bytes of length, a JSON header, then the modules one after the other. */
function encodePacked(packed: PackedCode): Uint8Array {
  const modules = Object.entries(packed.modules).map(([name, module]) => ({ name, ...toBytes(module) }));
  const header: Header = {
    modules: modules.map(({ name, kind, bytes }) => [name, kind, bytes.byteLength]),
    warnings: packed.warnings,
  };
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(head.byteLength);
  return Buffer.concat([length, head, ...modules.map(({ bytes }) => bytes)]);
}

function decodePacked(stored: ArrayBuffer): PackedCode {
  const headLength = new DataView(stored).getUint32(0);
  let offset = LENGTH_BYTES + headLength;
  const header = JSON.parse(Buffer.from(stored, LENGTH_BYTES, headLength).toString()) as Header;
  const modules: Record<string, PackedModule> = {};
  for (const [name, kind, length] of header.modules) {
    modules[name] = fromBytes(kind, stored, offset, length);
    offset += length;
  }
  return { modules, warnings: header.warnings };
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
