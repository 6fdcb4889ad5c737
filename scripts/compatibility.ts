/**
 * Writes docs/compatibility.md from the operation tables: what of each service's API is served.
 * `--check` only says whether the file is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Operation } from "../src/lib/operation.ts";
import { s3Operations } from "../src/s3/operations.ts";
import { subResourceDefaults } from "../src/s3/sub-resource-defaults.ts";
import { type Area, AREAS_NOT_PLANNED, unsupportedOperations } from "../src/s3/unsupported.ts";

export const COMPATIBILITY_FILE = join(import.meta.dirname, "..", "docs", "compatibility.md");

type Row = Pick<Operation<never, unknown>, "name" | "method" | "path" | "query" | "headers">;

const EXTENSIONS = [
  "## Extensions",
  "",
  "What AWS's API does not have, or has only for directory buckets:",
  "",
  "- `x-verge-index-shards: N` on CreateBucket (1 to 64, 1 by default): how many index objects share the bucket. One",
  "  serves on the order of a thousand requests a second; listings ask all of them.",
  "- RenameObject in every bucket.",
  "- `x-amz-if-match-last-modified-time` and `x-amz-if-match-size` on DeleteObject, `LastModifiedTime` and `Size` in",
  "  DeleteObjects.",
  "- The location constraint `auto`, which clients made for R2 send, means the region of the deployment.",
];

/** The whole document. */
export function renderCompatibility(): string {
  const refused = new Set<Row>(unsupportedOperations);
  const fixed = new Set<Row>(subResourceDefaults);
  const served = s3Operations.filter((row) => !refused.has(row) && !fixed.has(row));
  const areas = [...new Set(unsupportedOperations.map(({ area }) => area))];
  return [
    "# Compatibility",
    "",
    "Which operations of Amazon S3 this version of Verge serves. Generated from the operation tables in `src/s3/`",
    "by `npm run compatibility`; a test fails when it is out of date. Parameters and paths are AWS's.",
    "",
    `## Served (${countNames(served)})`,
    "",
    ...renderTable(served),
    "",
    `## Answered for an unconfigured bucket (${countNames(subResourceDefaults)})`,
    "",
    "What these read cannot be configured yet. They answer as S3 does for a bucket or object for which nothing was",
    "configured, so that tools which read every setting back (Terraform among them) work.",
    "",
    ...renderTable(subResourceDefaults),
    "",
    `## Not implemented (${countNames(unsupportedOperations)})`,
    "",
    "These answer `501 NotImplemented` and name themselves, to callers who would be allowed to use them.",
    ...areas.flatMap(renderArea),
    "",
    ...EXTENSIONS,
    "",
  ].join("\n");
}

function renderArea(area: Area): string[] {
  const rows = unsupportedOperations.filter((row) => row.area === area);
  const plan = AREAS_NOT_PLANNED.has(area) ? "not planned" : "planned";
  return ["", `### ${area} (${plan})`, "", ...renderTable(rows)];
}

/** One line for each operation, whatever its number of rows. */
function renderTable(rows: readonly Row[]): string[] {
  const byName = Map.groupBy(rows, ({ name }) => name);
  const lines = [...byName].map(([name, own]) => `| ${name} | ${own.map(renderRequest).join(", ")} |`);
  return ["| Operation | Request |", "|---|---|", ...lines];
}

function renderRequest({ method, path, query = {}, headers = [] }: Row): string {
  const parameters = Object.entries(query).map(([name, value]) => (value === true ? name : `${name}=${value}`));
  const target = parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
  const selecting = headers.length === 0 ? "" : ` with ${headers.map((name) => `\`${name}\``).join(", ")}`;
  return `\`${method} ${target}\`${selecting}`;
}

function countNames(rows: readonly Row[]): number {
  return new Set(rows.map(({ name }) => name)).size;
}

if (process.argv[1] === import.meta.filename) {
  const document = renderCompatibility();
  if (!process.argv.includes("--check")) writeFileSync(COMPATIBILITY_FILE, document);
  else if (readFileSync(COMPATIBILITY_FILE, "utf8") !== document) {
    console.error("docs/compatibility.md is out of date: run `npm run compatibility`.");
    process.exitCode = 1;
  }
}
