import type { FunctionCode } from "../metadata/function/protocol.ts";
import type { FunctionCodeStore } from "../storage/function-code.ts";
import { LAYER_ROOT, TASK_ROOT } from "./runtime/limits.ts";
import { decodePacked, encodePacked, mergePacked } from "./runtime/pack/form.ts";
import { packZip } from "./runtime/pack/pack.ts";
import type { PackedCode } from "./runtime/protocol.ts";
import { listMissingSdkPackages } from "./runtime/sdk.ts";

/**
 * Packages between R2 and the Worker Loader. What the loader takes is made once, at the upload, and stored
 * beside the zip: a cold start reads one object for the function and one for each layer, and unpacks nothing
 * (docs/decisions/0021-layers.md).
 */

/** The name of the form in R2. A version of the packer that makes others gets a new one, and packs anew. */
export const PACKED_FORM = "packed-v2";

/** Where a package's files are laid out: a function's below /var/task, a layer's below /opt. */
export type PackageRoot = typeof TASK_ROOT | typeof LAYER_ROOT;

/** Checks a zip and makes the form that is ready to load. Throws InvalidParameterValueException. */
export async function packCode(
  zip: Uint8Array,
  codeId: string,
  root: PackageRoot,
): Promise<{ code: FunctionCode; form: Uint8Array }> {
  const { packed, codeSha256, codeSize, unzippedSize, loadedSize } = await packZip(zip, root);
  const code = { codeId, sha256: codeSha256, size: codeSize, unzippedSize, loadedSize };
  return { code, form: encodePacked(packed) };
}

/** What an execution environment is made of. */
export interface CodeParts {
  readonly codeId: string;
  /** Packages of the layers, in their order. */
  readonly layers: readonly string[];
  /** `nodejs24.x`. */
  readonly runtime: string;
}

/** What the loader takes of a version: its package, its layers, and of the AWS SDK what these lack. */
export async function loadCode(
  packages: FunctionCodeStore,
  { codeId, layers, runtime }: CodeParts,
  loadSdkPackage: (name: string) => Promise<PackedCode>,
): Promise<PackedCode> {
  const own = mergePacked(
    await Promise.all([
      loadPackage(packages, codeId, TASK_ROOT),
      ...layers.map((layer) => loadPackage(packages, layer, LAYER_ROOT)),
    ]),
  );
  const sdk = await Promise.all(listMissingSdkPackages(own, runtime).map(loadSdkPackage));
  return mergePacked([...sdk, own]);
}

async function loadPackage(packages: FunctionCodeStore, codeId: string, root: PackageRoot): Promise<PackedCode> {
  const stored = await packages.readForm(codeId, PACKED_FORM);
  if (stored) return decodePacked(stored);
  const zip = await packages.openZip(codeId);
  if (!zip) throw new Error(`The package ${codeId} is not in R2`);
  const { packed } = await packZip(new Uint8Array(await new Response(zip.body).arrayBuffer()), root);
  await packages.putForm(codeId, PACKED_FORM, encodePacked(packed));
  return packed;
}
