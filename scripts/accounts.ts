import { parseArgs } from "node:util";
import { ApiError, callApi, readTarget, type Target } from "./local/api-client.ts";

const USAGE = `Accounts of a Verge deployment and their access keys.

  npm run accounts -- add --name NAME [--display-name NAME] [--canonical-id ID] [--email ADDRESS]
                          [--access-key ID] [--secret-key SECRET]
  npm run accounts -- list
  npm run accounts -- remove ACCOUNT
  npm run accounts -- keys list ACCOUNT
  npm run accounts -- keys create ACCOUNT [--access-key ID] [--secret-key SECRET]
  npm run accounts -- keys disable|enable|rotate|remove ACCOUNT KEY
  npm run accounts -- audit

ACCOUNT is the twelve-digit id, KEY the access key id. What is not given is generated; secrets are shown
once. --json prints the API's answer (\`npm run --silent\` leaves it alone on the output).
Environment: VERGE_ENDPOINT (or HOST and PORT), VERGE_REGION, and the root key in VERGE_ROOT_ACCESS_KEY_ID
and VERGE_ROOT_SECRET_ACCESS_KEY, or in credentials.json of VERGE_STATE_DIR (default .verge).
`;

const OPTIONS = {
  name: { type: "string" },
  "display-name": { type: "string" },
  "canonical-id": { type: "string" },
  email: { type: "string" },
  "access-key": { type: "string" },
  "secret-key": { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

type OptionName = keyof typeof OPTIONS;
type Row = Readonly<Record<string, string | number | boolean>>;

interface Invocation {
  readonly operands: readonly string[];
  readonly options: Partial<Record<OptionName, string | boolean>>;
}

interface Command {
  /** Operands after the command's own words, as the usage names them. */
  readonly operands: readonly string[];
  readonly options: readonly OptionName[];
  readonly run: (target: Target, invocation: Invocation) => Promise<unknown>;
  /** For people; left out when the call answers nothing. */
  readonly print?: (answer: never) => string;
}

class UsageError extends Error {}

/** Members of the API's bodies by the options that set them. */
const BODY_MEMBERS = {
  name: "name",
  "display-name": "displayName",
  "canonical-id": "canonicalId",
  email: "email",
  "access-key": "accessKeyId",
  "secret-key": "secretAccessKey",
} as const;

const COMMANDS: Readonly<Record<string, Command>> = {
  add: {
    operands: [],
    options: ["name", "display-name", "canonical-id", "email", "access-key", "secret-key"],
    run: addAccount,
    print: printCreated,
  },
  list: { operands: [], options: [], run: listAccounts, print: printAccounts },
  remove: { operands: ["ACCOUNT"], options: [], run: (target, call) => callApi(target, "DELETE", accountPath(call)) },
  "keys list": {
    operands: ["ACCOUNT"],
    options: [],
    run: (target, call) => callApi(target, "GET", accountPath(call)),
    print: printKeys,
  },
  "keys create": {
    operands: ["ACCOUNT"],
    options: ["access-key", "secret-key"],
    run: (target, call) => callApi(target, "POST", `${accountPath(call)}/keys`, readBody(call)),
    print: printCreated,
  },
  "keys disable": keyCommand("POST", "/disable"),
  "keys enable": keyCommand("POST", "/enable"),
  "keys rotate": { ...keyCommand("POST", "/rotate"), print: printCreated },
  "keys remove": keyCommand("DELETE", ""),
  audit: { operands: [], options: [], run: (target) => callApi(target, "GET", "/audit"), print: printAudit },
};

function keyCommand(method: string, suffix: string): Command {
  return {
    operands: ["ACCOUNT", "KEY"],
    options: [],
    run: (target, call) => callApi(target, method, `${accountPath(call)}/keys/${operand(call, 1)}${suffix}`),
  };
}

async function addAccount(target: Target, call: Invocation): Promise<unknown> {
  if (!call.options["name"]) throw new UsageError("add: --name is missing.");
  return callApi(target, "POST", "/accounts", readBody(call));
}

/** Follows the pages, so that the list is whole. */
async function listAccounts(target: Target): Promise<unknown> {
  const accounts: Row[] = [];
  let after = "";
  for (;;) {
    const page = (await callApi(target, "GET", `/accounts?after=${after}`)) as { accounts: Row[]; next?: string };
    accounts.push(...page.accounts);
    if (page.next === undefined) return { accounts };
    after = page.next;
  }
}

function accountPath(call: Invocation): string {
  return `/accounts/${operand(call, 0)}`;
}

function operand(call: Invocation, position: number): string {
  return encodeURIComponent(call.operands[position] ?? "");
}

function readBody(call: Invocation): object {
  return Object.fromEntries(
    Object.entries(BODY_MEMBERS).flatMap(([option, member]) => {
      const value = call.options[option as OptionName];
      return value === undefined ? [] : [[member, value]];
    }),
  );
}

function printCreated(answer: { account?: Row; key: Row; previous?: string }): string {
  const { account, key, previous } = answer;
  const lines = account
    ? [
        `account        ${String(account["id"])}`,
        `name           ${String(account["name"])}`,
        `canonical id   ${String(account["canonicalId"])}`,
      ]
    : [`account        ${String(key["accountId"])}`];
  if (previous !== undefined) lines.push(`disabled key   ${previous}`);
  lines.push(
    `access key     ${String(key["accessKeyId"])}`,
    `secret key     ${String(key["secretAccessKey"])}   (not shown again)`,
  );
  return lines.join("\n");
}

function printAccounts(answer: { accounts: Row[] }): string {
  return printTable(answer.accounts, ["id", "name", "displayName", "email", "canonicalId"]);
}

function printKeys(answer: { keys: Row[] }): string {
  return printTable(answer.keys, ["accessKeyId", "status", "origin", "createdAt"]);
}

function printAudit(answer: { records: Row[] }): string {
  return printTable(answer.records, ["at", "accessKeyId", "source", "action", "target", "outcome"]);
}

function printTable(rows: readonly Row[], columns: readonly string[]): string {
  const cells = [columns, ...rows.map((row) => columns.map((column) => String(row[column] ?? "")))];
  const widths = columns.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function readInvocation(words: readonly string[]): { command: Command; name: string; invocation: Invocation } | "help" {
  const { values, positionals } = parse(words);
  if (values["help"] || positionals.length === 0) return "help";
  const length = positionals[0] === "keys" ? 2 : 1;
  const name = positionals.slice(0, length).join(" ");
  const command = COMMANDS[name];
  if (!command) throw new UsageError(`There is no command "${name}".`);
  const operands = positionals.slice(length);
  if (operands.length !== command.operands.length || operands.includes("")) {
    throw new UsageError(`${name} takes ${command.operands.join(" and ") || "no operands"}.`);
  }
  const stray = (Object.keys(values) as OptionName[]).find(
    (option) => option !== "json" && !command.options.includes(option),
  );
  if (stray) throw new UsageError(`${name} has no option --${stray}.`);
  return { command, name, invocation: { operands, options: values } };
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

async function main(words: readonly string[]): Promise<void> {
  const read = readInvocation(words);
  if (read === "help") return console.log(USAGE);
  const { command, name, invocation } = read;
  const answer = await command.run(readTarget(process.env), invocation);
  if (invocation.options["json"]) console.log(JSON.stringify(answer ?? {}, null, 2));
  else console.log(command.print ? command.print(answer as never) : `${name}: done`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Anything else is a fault of this program: its stack is wanted.
  if (!(error instanceof ApiError || error instanceof UsageError)) throw error;
  console.error(error.message);
  if (error instanceof UsageError) console.error("`npm run accounts -- --help` tells how it is called.");
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
