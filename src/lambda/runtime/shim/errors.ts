import { types, inspect } from "node:util";

/** An error as Lambda answers it. */
export interface ErrorBody {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
  readonly reason?: ErrorBody;
}

/** Errors of the runtime itself, named as Lambda names them: `Runtime.HandlerNotFound`. */
export class RuntimeError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** Errors after which Lambda answers without a trace and throws the environment away. */
export class FatalError extends RuntimeError {}

/** The function's time is up. */
export class DeadlineError extends Error {}

/** As Lambda's runtime client for Node.js writes errors; what is thrown need not be an Error. */
export function describeError(error: unknown): ErrorBody {
  if (error instanceof FatalError) return { errorType: error.name, errorMessage: error.message };
  if (isError(error)) {
    const reason = error instanceof RuntimeError && isError(error.cause) ? describeError(error.cause) : undefined;
    return {
      errorType: error.name,
      errorMessage: error.message,
      ...(reason && { reason }),
      trace: traceOf(error),
    };
  }
  return { errorType: typeof error, errorMessage: printValue(error), trace: [] };
}

/** The JSON that Lambda logs behind "Invoke Error": own properties of the error come along. */
export function describeForLog(error: unknown): string {
  if (!isError(error)) return JSON.stringify(describeError(error));
  const body = { errorType: error.name, errorMessage: error.message, ...ownProperties(error), stack: traceOf(error) };
  try {
    return JSON.stringify(body);
  } catch {
    return JSON.stringify({ errorType: error.name, errorMessage: error.message, stack: traceOf(error) });
  }
}

/** Errors of other realms and look-alikes count as well. */
function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return ["name", "message", "stack"].every((field) => typeof Reflect.get(value, field) === "string");
}

function traceOf(error: Error): string[] {
  const stack = error.stack ?? "";
  // V8 wrote the header before the error got its name.
  const header = error.message === "" ? error.name : `${error.name}: ${error.message}`;
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line) && !line.includes("verge/shim.js"));
  return [...header.split("\n"), ...frames.map(showTaskRoot)];
}

/** Modules have no leading slash in workerd. */
function showTaskRoot(frame: string): string {
  return frame.replace(/(^|[\s(])(var\/task|opt)\//, "$1/$2/");
}

function ownProperties(error: Error): Record<string, unknown> {
  const shown = Object.entries(error).filter(([name]) => !["name", "message", "stack"].includes(name));
  return Object.fromEntries(shown);
}

function printValue(value: unknown): string {
  try {
    return String(value);
  } catch {
    return inspect(value);
  }
}
