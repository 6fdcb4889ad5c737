/**
 * The packages of the AWS SDK that are there without being in a function's zip, as on Lambda. They are bundled
 * and packed when this deployment is built (scripts/build-sdk.ts), and loaded into the isolates of functions
 * that import them and have none of their own.
 */
import { LAYER_ROOT, RUNTIME_ROOT, TASK_ROOT } from "./limits.ts";
import { readManifest } from "./pack/form.ts";
import type { PackedCode } from "./protocol.ts";

/** Clients of the services that are here, and what is used with them: name → those that it needs beside it. */
export const SDK_PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@aws-sdk/client-cloudfront": [],
  "@aws-sdk/client-cloudwatch-logs": [],
  "@aws-sdk/client-lambda": [],
  "@aws-sdk/client-s3": [],
  "@aws-sdk/client-scheduler": [],
  "@aws-sdk/client-sqs": [],
  "@aws-sdk/lib-storage": ["@aws-sdk/client-s3"],
  "@aws-sdk/s3-request-presigner": [],
};

/** Where the isolate looks for packages after a file's own `node_modules`, for a runtime `nodejs24.x`. */
export function listModuleFolders(runtime: string): string[] {
  const release = /^nodejs(\d+)/.exec(runtime)?.[1] ?? "";
  return [
    `${LAYER_ROOT}/nodejs/node${release}/node_modules`,
    `${LAYER_ROOT}/nodejs/node_modules`,
    `${RUNTIME_ROOT}/node_modules`,
    RUNTIME_ROOT,
    TASK_ROOT,
  ];
}

/** The packages of the SDK that code imports and does not bring. */
export function listMissingSdkPackages(code: PackedCode, runtime: string): string[] {
  const imported = code.sdkPackages?.filter((name) => Object.hasOwn(SDK_PACKAGES, name)) ?? [];
  if (imported.length === 0) return [];
  const { packages } = readManifest(code);
  const folders = [`${TASK_ROOT}/node_modules`, ...listModuleFolders(runtime)];
  const missing = imported.filter((name) => !folders.some((folder) => packages[`${folder}/${name}`]));
  return [...new Set(missing.flatMap((name) => [name, ...(SDK_PACKAGES[name] ?? [])]))];
}

/** Path of a packed package among the static assets (wrangler.toml, `[assets]`). */
export function sdkAssetPath(name: string): string {
  return `/function-sdk/${name.slice("@aws-sdk/".length)}.bin`;
}
