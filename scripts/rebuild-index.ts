import { parseArgs } from "node:util";
import { ApiError, callApi, readTarget, type Target } from "./local/api-client.ts";

const USAGE = `Restores the index of a bucket that was lost, from its exported journal and newer bodies in R2.

  npm run rebuild-index -- BUCKET [--shard N]

An index object that works is left alone; without --shard all of the bucket's are looked at. The bucket does
not answer while it is rebuilt. What cannot come back: docs/decisions/0005-rebuild.md.
Environment: as for \`npm run accounts\`.
`;

/** As the API describes it. */
interface Rebuild {
  readonly shard: number;
  readonly state: "waiting" | "journal" | "blobs" | "done" | "in-service" | "failed";
  readonly exportedAt?: string;
  readonly segments: number;
  readonly lines: number;
  readonly blobsFound: number;
  readonly blobsCommitted: number;
  readonly complaint?: string;
}

const POLL_MILLISECONDS = 500;
const ENDED: ReadonlySet<Rebuild["state"]> = new Set(["done", "in-service", "failed"]);

async function rebuild(target: Target, bucket: string, shard: number | undefined): Promise<Rebuild[]> {
  const path = `/buckets/${encodeURIComponent(bucket)}/rebuild`;
  const body = shard === undefined ? {} : { shard };
  let answer = (await callApi(target, "POST", path, body)) as { rebuilds: Rebuild[] };
  for (;;) {
    const wanted = answer.rebuilds.filter((found) => shard === undefined || found.shard === shard);
    if (wanted.every(({ state }) => ENDED.has(state))) return wanted;
    await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    answer = (await callApi(target, "GET", path)) as { rebuilds: Rebuild[] };
  }
}

function describe({
  shard,
  state,
  exportedAt,
  segments,
  lines,
  blobsFound,
  blobsCommitted,
  complaint,
}: Rebuild): string {
  const name = `index object ${shard}`;
  if (state === "in-service") return `${name}: works, nothing was rebuilt.`;
  if (state === "failed") return `${name}: failed, and stays closed. ${complaint ?? ""}`;
  return [
    `${name}: rebuilt.`,
    `  ${lines} lines of ${segments} journal segments restored, ${describeEnd(exportedAt)}.`,
    `  ${blobsCommitted} of ${blobsFound} newer bodies in R2 committed as objects or parts of uploads.`,
    ...(exportedAt === undefined ? [] : [`  Since ${exportedAt} these may be missing or undone: ${LOSSES}.`]),
  ].join("\n");
}

const LOSSES =
  "bodies up to 4 KB, copies, renames, deletions, completed multipart uploads (which are open again) and uploads begun";

function describeEnd(exportedAt: string | undefined): string {
  return exportedAt === undefined ? "since there is none" : `the last of ${exportedAt}`;
}

async function main(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { shard: { type: "string" }, help: { type: "boolean", short: "h" } },
    allowPositionals: true,
  });
  if (values.help) return console.log(USAGE);
  const [bucket, ...rest] = positionals;
  const shard = values.shard === undefined ? undefined : Number(values.shard);
  if (!bucket || rest.length > 0 || !(shard === undefined || Number.isInteger(shard))) {
    console.error(USAGE);
    process.exitCode = 2;
    return;
  }
  const rebuilds = await rebuild(readTarget(process.env), bucket, shard);
  console.log(rebuilds.map(describe).join("\n"));
  if (rebuilds.some(({ state }) => state === "failed")) process.exitCode = 1;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Anything else is a fault of this program: its stack is wanted.
  const isUsage = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  if (!(error instanceof ApiError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = isUsage ? 2 : 1;
}
