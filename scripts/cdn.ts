import { parseArgs } from "node:util";
import { ApiError, callApi, readTarget } from "./local/api-client.ts";

const USAGE = `A CDN in front of a bucket or a web server, in one line.

  npm run cdn -- bucket NAME [--comment TEXT]
  npm run cdn -- origin URL [--comment TEXT]
  npm run cdn -- purge DISTRIBUTION PATH... [--soft]

A PATH may end in *; '#tag' is a cache tag. --soft makes what matches stale rather than gone. Whatever else a
distribution can do is CloudFront's API: aws cloudfront --endpoint-url URL ...
Environment: VERGE_ENDPOINT (or HOST and PORT), VERGE_REGION, and the root key in VERGE_ROOT_ACCESS_KEY_ID
and VERGE_ROOT_SECRET_ACCESS_KEY, or in credentials.json of VERGE_STATE_DIR (default .verge).
`;

const OPTIONS = {
  comment: { type: "string" },
  soft: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

interface Created {
  readonly id: string;
  readonly domainName: string;
  readonly path: string;
}

class UsageError extends Error {}

async function main(words: readonly string[]): Promise<string> {
  const { values, positionals } = parse(words);
  const [command, operand, ...paths] = positionals;
  if (values.help || command === undefined) return USAGE;
  const target = readTarget(process.env);
  if (operand === undefined) throw new UsageError(`${command}: an operand is missing.`);
  if (command === "bucket" || command === "origin") {
    if (paths.length > 0) throw new UsageError(`${command} takes one operand.`);
    const body = { [command]: operand, ...(values.comment !== undefined && { comment: values.comment }) };
    const { id, domainName, path } = (await callApi(target, "POST", "/distributions", body)) as Created;
    return [`distribution   ${id}`, `host           ${domainName}`, `URL            ${target.endpoint}${path}`].join(
      "\n",
    );
  }
  if (command !== "purge") throw new UsageError(`There is no command "${command}".`);
  if (paths.length === 0) throw new UsageError("purge: a path is missing.");
  await callApi(target, "POST", `/distributions/${encodeURIComponent(operand)}/purge`, {
    paths,
    soft: values.soft ?? false,
  });
  return "purged; in force everywhere within five seconds";
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

try {
  console.log(await main(process.argv.slice(2)));
} catch (error) {
  // Anything else is a fault of this program: its stack is wanted.
  if (!(error instanceof ApiError || error instanceof UsageError)) throw error;
  console.error(error.message);
  if (error instanceof UsageError) console.error("`npm run cdn -- --help` tells how it is called.");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
