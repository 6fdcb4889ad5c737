/**
 * Writes docs/compatibility.md from the operation tables: what of each service's API is served.
 * `--check` only says whether the file is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { servedCdnOperations } from "../src/cdn/control/operations.ts";
import { CDN_AREAS_NOT_PLANNED, unsupportedCdnOperations } from "../src/cdn/control/unsupported.ts";
import { servedCloudTrailOperations } from "../src/cloudtrail/operations.ts";
import { servedLambdaOperations } from "../src/lambda/operations.ts";
import { LAMBDA_AREAS_NOT_PLANNED, unsupportedLambdaOperations } from "../src/lambda/unsupported.ts";
import type { Operation } from "../src/lib/operation.ts";
import { schedulerOperations } from "../src/scheduler/operations.ts";
import { iamOperations } from "../src/iam/operations.ts";
import { unsupportedIamOperations } from "../src/iam/unsupported.ts";
import { kmsOperations } from "../src/kms/operations.ts";
import { servedLogsOperations } from "../src/logs/operations.ts";
import { unsupportedLogsOperations } from "../src/logs/unsupported.ts";
import { s3Operations } from "../src/s3/operations.ts";
import { sqsOperations } from "../src/sqs/operations.ts";
import { stsOperations } from "../src/sts/operations.ts";
import { subResourceDefaults } from "../src/s3/sub-resource-defaults.ts";
import { AREAS_NOT_PLANNED, unsupportedOperations } from "../src/s3/unsupported.ts";

export const COMPATIBILITY_FILE = join(import.meta.dirname, "..", "docs", "compatibility.md");

type Row = Pick<Operation<never, unknown>, "name" | "method" | "path" | "query" | "headers">;
type UnsupportedRow = Row & { readonly area: string };

const EXTENSIONS = [
  "### Extensions",
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

const LAMBDA_DIFFERENCES = [
  "### Differences",
  "",
  "- Runtimes are `nodejs18.x` to `nodejs24.x`. All run on the same engine, whose Node.js APIs are those of workerd.",
  "- A zip in the request may have about 10 MB (the request 14 MB); one from a bucket of this deployment up to 50 MB,",
  "  of which 62 MB may be code to load. Unzipped, 250 MB. Layers count with the function. `CompatibleRuntimes` and",
  "  `CompatibleArchitectures` of layers select in listings, as on AWS, and a principal's organisation matches nobody.",
  "- `MemorySize`, `EphemeralStorage`, `Architectures`, `TracingConfig` and `Role` are kept and answered, and change",
  "  nothing: an isolate has 128 MB.",
  "- A function is ready when CreateFunction answers: `State` is always `Active`, `LastUpdateStatus` `Successful`.",
  "  Other isolates of the Worker may run the code or configuration before a change for two seconds more.",
  "- `KMSKeyArn`, `VpcConfig`, `FileSystemConfigs`, `SnapStart` and container images are",
  "  refused by name, as are invocations of the type `Event`.",
  "- A function URL is `<deployment>/_fn/<id>/`, and `<id>.lambda-url.<domain>` where sub-hosts resolve. With the",
  "  AuthType NONE it is closed, as on AWS, until AddPermission allows `lambda:InvokeFunctionUrl` to `*` with the",
  "  `FunctionUrlAuthType` NONE.",
];

const LOGS_DIFFERENCES = [
  "### Differences",
  "",
  "- One event has at most 256 KB, as on AWS until 2025: longer lines of functions are continued in a further event.",
  "- Filter patterns have no regular expressions (`%…%`). A comparison with a member that is not there is false.",
  "- `logGroupClass` is kept and answered, and changes nothing. `kmsKeyId` is refused.",
  "- Streams that have been silent for longer than their group's retention are deleted with their events.",
  "- Lines of functions can be read some seconds after they were written; see docs/functions-logs.md.",
];

const CLOUDFRONT_DIFFERENCES = [
  "### Differences",
  "",
  "- A distribution is `<id in lower case>.cdn.<domain>`, and `<deployment>/_cdn/<id>/` where sub-hosts do not resolve.",
  "- A change is in force everywhere five seconds later: so soon a distribution is `Deployed` and an invalidation",
  "  `Completed`. Any number of invalidations may be in progress.",
  "- Kept and answered, and without effect: `PriceClass`, `ViewerCertificate`, `WebACLId`, `HttpVersion`,",
  "  `IsIPV6Enabled`, `SmoothStreaming`, `GrpcConfig`, `AnycastIpListId`, `ContinuousDeploymentPolicyId`. An alias needs no",
  "  certificate here: the zone in front of the Worker has it.",
  "- Refused rather than ignored, because something would be believed protected or recorded: trusted signers (use trusted",
  "  key groups), field-level encryption, real-time logs, staging distributions, VPC origins, viewer certificates",
  "  (mutual TLS), key value stores of functions.",
  "- An origin's domain name may also be `localhost` or an IPv4 address.",
  "- 1,000 distributions and 1,000 resources of each kind an account; the other quotas are AWS's.",
];

/** The whole document. */
export function renderCompatibility(): string {
  return [
    "# Compatibility",
    "",
    "Which operations of AWS's APIs this version of Verge serves. Generated from the operation tables in `src/` by",
    "`npm run compatibility`; a test fails when it is out of date. Parameters and paths are AWS's.",
    "",
    ...renderS3(),
    "",
    ...renderLambda(),
    "",
    "## Amazon EventBridge Scheduler",
    "",
    ...renderServed(schedulerOperations),
    "",
    "What differs is in docs/schedules.md.",
    "",
    "## AWS Key Management Service",
    "",
    `Served: ${kmsOperations.map(({ name }) => name).join(", ")}.`,
    "What differs is in docs/encryption.md; the others answer UnsupportedOperationException.",
    "",
    "## AWS IAM and STS",
    "",
    `IAM: ${listServed(iamOperations, unsupportedIamOperations)}.`,
    "",
    `STS answers: ${listServed(stsOperations, [])}. Which of them are refused by name, and what differs, is in docs/iam.md.`,
    "",
    "## AWS CloudTrail",
    "",
    `Served: ${servedCloudTrailOperations.map(({ name }) => name).join(", ")}. What is recorded is in docs/audit.md; the others`,
    "answer UnsupportedOperationException.",
    "",
    "## Amazon SQS",
    "",
    `All of its actions have an answer, in the JSON and the Query protocol: ${sqsOperations.map(({ name }) => name).join(", ")}.`,
    "What differs, and which are refused by name, is in docs/sqs.md.",
    "",
    ...renderLogs(),
    "",
    ...renderCloudFront(),
    "",
  ].join("\n");
}

function renderS3(): string[] {
  const refused = new Set<Row>(unsupportedOperations);
  const fixed = new Set<Row>(subResourceDefaults);
  const served = s3Operations.filter((row) => !refused.has(row) && !fixed.has(row));
  return [
    "## Amazon S3",
    "",
    ...renderServed(served),
    "",
    `### Answered for an unconfigured bucket (${countNames(subResourceDefaults)})`,
    "",
    "What these read cannot be configured yet. They answer as S3 does for a bucket or object for which nothing was",
    "configured, so that tools which read every setting back (Terraform among them) work.",
    "",
    ...renderTable(subResourceDefaults),
    "",
    ...renderUnsupported(unsupportedOperations, AREAS_NOT_PLANNED, "NotImplemented"),
    "",
    ...EXTENSIONS,
  ];
}

function renderLambda(): string[] {
  return [
    "## AWS Lambda",
    "",
    ...renderServed(servedLambdaOperations),
    "",
    ...renderUnsupported(unsupportedLambdaOperations, LAMBDA_AREAS_NOT_PLANNED, "NotImplementedException"),
    "",
    ...LAMBDA_DIFFERENCES,
  ];
}

/** Its operations have no paths: a header names them. */
function renderLogs(): string[] {
  const areas = Map.groupBy(unsupportedLogsOperations, ({ area }) => area);
  return [
    "## Amazon CloudWatch Logs",
    "",
    `### Served (${servedLogsOperations.length})`,
    "",
    `${listNames(servedLogsOperations)}.`,
    "",
    `### Not implemented (${unsupportedLogsOperations.length})`,
    "",
    "These answer `501 NotImplementedException` and name themselves.",
    ...[...areas].flatMap(([area, rows]) => ["", `#### ${area}`, "", `${listNames(rows)}.`]),
    "",
    ...LOGS_DIFFERENCES,
  ];
}

function listNames(rows: readonly { readonly name: string }[]): string {
  return rows.map(({ name }) => name).join(", ");
}

function renderCloudFront(): string[] {
  const unsupported = renderUnsupported(unsupportedCdnOperations, CDN_AREAS_NOT_PLANNED, "UnsupportedOperation", 400);
  return [
    "## Amazon CloudFront",
    "",
    ...renderServed(servedCdnOperations),
    "",
    ...unsupported,
    "",
    ...CLOUDFRONT_DIFFERENCES,
  ];
}

function renderServed(rows: readonly Row[]): string[] {
  return [`### Served (${countNames(rows)})`, "", ...renderTable(rows)];
}

function renderUnsupported(
  rows: readonly UnsupportedRow[],
  notPlanned: ReadonlySet<string>,
  code: string,
  status = 501,
): string[] {
  const areas = [...new Set(rows.map(({ area }) => area))];
  return [
    `### Not implemented (${countNames(rows)})`,
    "",
    `These answer \`${status} ${code}\` and name themselves, to callers who would be allowed to use them.`,
    ...areas.flatMap((area) => {
      const plan = notPlanned.has(area) ? "not planned" : "planned";
      return ["", `#### ${area} (${plan})`, "", ...renderTable(rows.filter((row) => row.area === area))];
    }),
  ];
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

/** The names of what is served. */
function listServed(rows: readonly { readonly name: string }[], refused: readonly { readonly name: string }[]): string {
  const others = new Set(refused.map(({ name }) => name));
  return rows.flatMap(({ name }) => (others.has(name) ? [] : [name])).join(", ");
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
