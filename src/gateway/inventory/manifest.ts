import { uuidOf } from "../../lib/uuid-of.ts";
import type { InventoryConfiguration, InventoryFile, InventoryRun } from "../../metadata/bucket/inventory.ts";
import { listColumns } from "./fields.ts";

/** Of manifests, as S3 numbers them. */
const VERSION = "2016-11-30";

/** Where everything of a report's configuration lies: `<prefix>/<bucket>/<id>`. */
function folderOf(source: string, { id, destination }: InventoryConfiguration): string {
  return destination.prefix === "" ? `${source}/${id}` : `${destination.prefix}/${source}/${id}`;
}

/** `…/2026-11-06T21-32Z/manifest.json` */
export function nameManifest(source: string, configuration: InventoryConfiguration, startedAt: number): string {
  const time = new Date(startedAt).toISOString().slice(0, 16).replace(":", "-");
  return `${folderOf(source, configuration)}/${time}Z/manifest.json`;
}

/** `…/hive/dt=2026-11-06-21-32/symlink.txt` */
export function nameSymlinks(source: string, configuration: InventoryConfiguration, startedAt: number): string {
  const time = new Date(startedAt).toISOString().slice(0, 16).replace(/[T:]/g, "-");
  return `${folderOf(source, configuration)}/hive/dt=${time}/symlink.txt`;
}

/** `…/data/<uuid>.csv.gz`: the same in each attempt at a step. */
export function nameFile(source: string, configuration: InventoryConfiguration, run: InventoryRun): string {
  const folder = folderOf(source, configuration);
  const uuid = uuidOf(`${folder}/${run.startedAt}/${run.step}`);
  return `${folder}/data/${uuid}.csv.gz`;
}

/** A line for each file, as Hive's SymlinkTextInputFormat reads them. */
export function describeFiles(target: string, files: readonly InventoryFile[]): string {
  return files.map(({ key }) => `s3://${target}/${key}\n`).join("");
}

/** `manifest.json`; see "Locating your inventory list" in S3's User Guide. */
export function formatManifest(
  sourceBucket: string,
  { allVersions, fields, destination }: InventoryConfiguration,
  { startedAt, files }: InventoryRun,
): string {
  const manifest = {
    sourceBucket,
    destinationBucket: `arn:aws:s3:::${destination.bucket}`,
    version: VERSION,
    creationTimestamp: String(startedAt),
    fileFormat: "CSV",
    fileSchema: listColumns(allVersions, fields).join(", "),
    files: files.map(({ key, size, md5 }) => ({ key, size, MD5checksum: md5 })),
  };
  return JSON.stringify(manifest, undefined, 2);
}
