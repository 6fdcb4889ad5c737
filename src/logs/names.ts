import type { JsonInput } from "../lib/json-input.ts";
import type { LogsCall } from "./call.ts";
import { invalidParameter } from "./errors.ts";

export const GROUP_NAME = { min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ };
export const STREAM_NAME = { min: 1, max: 512, pattern: /^[^:*]*$/ };
const IDENTIFIER = { min: 1, max: 2048, pattern: /^[\w#+=/:,.@-]*$/ };
const GROUP_ARN = /^arn:[^:]+:logs:([^:]+):(\d{12}):log-group:([.\-_/#A-Za-z0-9]+)(:\*)?$/;

/** `arn:aws:logs:<region>:<account>:log-group:<name>`. */
export function formatGroupArn({ account, region }: Pick<LogsCall, "account" | "region">, name: string): string {
  return `arn:aws:logs:${region}:${account.id}:log-group:${name}`;
}

/** The group that `logGroupName` or `logGroupIdentifier` (a name or an ARN) means. Violations are reported by `finish`. */
export function readGroup(call: LogsCall): string {
  const { input } = call;
  const name = input.text("logGroupName", GROUP_NAME);
  const identifier = input.text("logGroupIdentifier", IDENTIFIER);
  if (name !== undefined && identifier !== undefined) {
    throw invalidParameter("Only one of logGroupName and logGroupIdentifier may be given.");
  }
  if (name !== undefined) return name;
  if (identifier === undefined) throw invalidParameter("Either logGroupName or logGroupIdentifier must be given.");
  return resolveGroup(call, identifier);
}

/** The name in an ARN of the caller's account and this region, or the name itself. */
export function resolveGroup(call: LogsCall, identifier: string): string {
  if (!identifier.startsWith("arn:")) return identifier;
  const [, region, accountId, name] = GROUP_ARN.exec(identifier) ?? [];
  if (name === undefined) throw invalidParameter(`The ARN ${identifier} is not that of a log group.`);
  if (region !== call.region || accountId !== call.account.id) {
    throw invalidParameter(`The log group ${identifier} is not in this account and region.`);
  }
  return name;
}

/** Times and sizes are longs of at least zero. */
export function readTime(input: JsonInput, name: string): number | undefined {
  return input.integer(name, { min: 0 });
}
