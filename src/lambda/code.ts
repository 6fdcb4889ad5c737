import type { FunctionCode } from "../metadata/function/protocol.ts";
import { renderConfiguration } from "./configuration.ts";
import type { LambdaCall, LambdaResult } from "./call.ts";
import { functionNotFound, invalidParameter, lambdaError, revisionMismatch } from "./errors.ts";
import { Input } from "./input.ts";
import { checkTotalSize } from "./layers/choice.ts";
import { formatFunctionArn, LATEST } from "./names.ts";
import { PACKED_FORM, type PackageRoot, packCode } from "./packages.ts";
import { TASK_ROOT } from "./runtime/limits.ts";

/** "Deployment package (.zip file archive) size", from a bucket (Lambda quotas); the isolate's memory bounds it too. */
const MAX_ZIP_BYTES = 52_428_800;

export const ARCHITECTURES = ["x86_64", "arm64"] as const;

type Architecture = (typeof ARCHITECTURES)[number];

/** UpdateFunctionCode: `{ZipFile | S3Bucket, S3Key, S3ObjectVersion?, Publish?, DryRun?, RevisionId?, Architectures?}`. */
export async function updateFunctionCode(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name } = call.target;
  const arn = formatFunctionArn(call.region, call.target);
  const input = Input.parse(call.body);
  const source = readCodeSource(input);
  const architecture = readArchitecture(input);
  const publish = input.boolean("Publish") ?? false;
  const dryRun = input.boolean("DryRun") ?? false;
  const revisionId = input.text("RevisionId");
  input.finish();
  const registry = call.ports.registry(accountId);
  const found = await registry.findFunction(name, LATEST);
  if (!found) throw functionNotFound(arn);
  if (revisionId !== undefined && revisionId !== found.version.revisionId) throw revisionMismatch();
  const zip = await loadZip(call, source);
  const { layers = [] } = found.version.settings;
  if (dryRun) {
    const { code } = await packCode(zip, `${accountId}/dry-run`, TASK_ROOT);
    checkTotalSize(code, layers);
    return renderConfiguration(call, { ...found.version, code, ...(architecture && { architecture }) }, 200);
  }
  const code = await storeCode(call, accountId, zip, TASK_ROOT);
  checkTotalSize(code, layers);
  const changed = await registry.changeCode(name, {
    code,
    publish,
    ...(architecture && { architecture }),
    ...(revisionId !== undefined && { revisionId }),
  });
  call.directory.forgetAll();
  if (changed.outcome === "not-found") throw functionNotFound(arn);
  if (changed.outcome === "stale-revision") throw revisionMismatch();
  if (changed.outcome !== "ok") throw codeRefused(changed.outcome);
  return renderConfiguration(call, changed.version, 200);
}

/** Where a package comes from. */
export type CodeSource =
  | { readonly kind: "zip"; readonly base64: string }
  | { readonly kind: "object"; readonly bucket: string; readonly key: string; readonly versionId: string | undefined };

/** The members of `Code` at CreateFunction, of the body itself at UpdateFunctionCode. */
export function readCodeSource(input: Input): CodeSource {
  if (input.has("ImageUri")) {
    throw invalidParameter("Container images are not supported by this deployment: send a zip of a Node.js function.");
  }
  const zip = input.text("ZipFile");
  const bucket = input.text("S3Bucket", { min: 3, max: 63, pattern: /^[0-9A-Za-z.\-_]*(?<!\.)$/ });
  const key = input.text("S3Key", { min: 1, max: 1024 });
  const versionId = input.text("S3ObjectVersion", { min: 1, max: 1024 });
  if (zip !== undefined && (bucket !== undefined || key !== undefined)) {
    throw invalidParameter("Please do not provide other FunctionCode parameters when providing a ZipFile.");
  }
  if (zip !== undefined) return { kind: "zip", base64: zip };
  if (bucket === undefined || key === undefined) throw invalidParameter("Please provide a source for function code.");
  return { kind: "object", bucket, key, versionId };
}

/** One of the two, or undefined where the caller names none. It is kept and shown; JavaScript runs the same on both. */
export function readArchitecture(input: Input): Architecture | undefined {
  const named = input.textList("Architectures", { items: { values: ARCHITECTURES }, max: 1 });
  return named?.[0] as Architecture | undefined;
}

export async function loadZip(call: LambdaCall, source: CodeSource): Promise<Uint8Array> {
  if (source.kind === "zip") return decodeZip(source.base64);
  const zip = await call.ports.readObject(source, MAX_ZIP_BYTES);
  if (!zip) throw invalidParameter(`The zip must be smaller than ${MAX_ZIP_BYTES} bytes.`);
  return zip;
}

function decodeZip(base64: string): Uint8Array {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw lambdaError("SerializationException", "The value of zipFile is not valid base64.");
  }
  if (base64 === "") throw invalidParameter("Uploaded file must be a non-empty zip");
  return Buffer.from(base64, "base64");
}

/** Checks a zip, and stores it with its form that is ready to load. */
export async function storeCode(
  call: LambdaCall,
  accountId: string,
  zip: Uint8Array,
  root: PackageRoot,
): Promise<FunctionCode> {
  const codeId = `${accountId}/${crypto.randomUUID()}`;
  const { code, form } = await packCode(zip, codeId, root);
  // The registry knows of the objects before they exist, so that a crash leaves none behind for ever.
  await call.ports.registry(accountId).reserveCode(codeId);
  await Promise.all([call.packages.putZip(codeId, zip), call.packages.putForm(codeId, PACKED_FORM, form)]);
  return code;
}

export function codeRefused(outcome: "code-expired" | "storage-full") {
  return outcome === "storage-full"
    ? lambdaError("CodeStorageExceededException", "Code storage limit exceeded.")
    : lambdaError("ServiceException", "The package was given up before the function could be changed. Send it again.");
}
