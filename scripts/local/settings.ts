import { resolve } from "node:path";

/** What a person may set for a local run. Listed in the README; anything else comes from wrangler.toml. */
export interface Settings {
  /** Where clients connect. Requests reach the Worker exactly as sent (docs/decisions/0001-local-listener.md). */
  readonly port: number;
  readonly host: string;
  /** A second port of the same kind, for load and conformance runs. */
  readonly directPort: number | undefined;
  /** Miniflare's own entry, which adds `request.cf` and the client's address, and rewrites what it forwards. */
  readonly entryPort: number | undefined;
  /** Whether functions run in a process of their own (docs/decisions/0017-local-function-process.md). */
  readonly functions: "apart" | "inside";
  /** Absolute path. Everything that outlives the process is in it. */
  readonly stateDir: string;
  /** Settings that the Worker reads itself, as its bindings. */
  readonly worker: Readonly<Record<string, string>>;
}

/** Variables of the environment that are handed to the Worker as they are. */
const WORKER_VARIABLES = [
  "VERGE_DOMAIN",
  "VERGE_ENDPOINT",
  "VERGE_REGION",
  "VERGE_BUCKET_DEFAULTS",
  "VERGE_CDN_ALIASES",
  "VERGE_CDN_PROTOCOL",
  "VERGE_ORIGIN_SHIELD",
  "VERGE_LIFECYCLE_DAY_SECONDS",
  "VERGE_EXPORT_INTERVAL_SECONDS",
  "VERGE_AUDIT_DAYS",
  "VERGE_AUDIT_EVENTS",
  "VERGE_AUDIT_INTERVAL_SECONDS",
  "VERGE_LOG_INTERVAL_SECONDS",
  "VERGE_RECOVERY_WINDOW_SECONDS",
  "VERGE_PACK_BYTES",
  "VERGE_ASYNC_RETRY_SECONDS",
  "VERGE_LIMITS",
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {Error} with a message for the person who set the variable. */
export function readSettings(environment: Environment): Settings {
  const port = readPort(environment, "PORT") ?? 8787;
  const host = environment["HOST"] || "127.0.0.1";
  return {
    port,
    host,
    directPort: readPort(environment, "VERGE_DIRECT_PORT"),
    entryPort: readPort(environment, "VERGE_ENTRY_PORT"),
    functions: readFunctions(environment["VERGE_FUNCTIONS"]),
    stateDir: resolve(environment["VERGE_STATE_DIR"] || ".verge"),
    // Where functions find this deployment, and so the host of the URLs that they presign.
    worker: { VERGE_ENDPOINT: `http://${host}:${port}`, ...readWorkerVariables(environment) },
  };
}

function readWorkerVariables(environment: Environment): Record<string, string> {
  const given: Record<string, string> = {};
  for (const name of WORKER_VARIABLES) {
    const value = environment[name];
    if (!value) continue;
    if (name.endsWith("_SECONDS") && !(Number(value) > 0)) {
      throw new Error(`${name} must be a number of seconds above 0, not "${value}".`);
    }
    given[name] = value;
  }
  requireOneOf(given, "VERGE_BUCKET_DEFAULTS", ["secure", "open"]);
  requireOneOf(given, "VERGE_CDN_PROTOCOL", ["https"]);
  requireOneOf(given, "VERGE_LIMITS", ["free", "paid"]);
  return given;
}

function readFunctions(value: string | undefined): Settings["functions"] {
  if (!value || value === "apart") return "apart";
  if (value === "inside") return value;
  throw new Error(`VERGE_FUNCTIONS must be one of apart, inside, not "${value}".`);
}

function requireOneOf(given: Environment, name: string, allowed: readonly string[]): void {
  const value = given[name];
  if (value !== undefined && !allowed.includes(value)) {
    throw new Error(`${name} must be one of ${allowed.join(", ")}, not "${value}".`);
  }
}

function readPort(environment: Environment, name: string): number | undefined {
  const value = environment[name];
  if (!value) return undefined;
  const port = Number(value);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${name} must be a port number, not "${value}".`);
  }
  return port;
}
