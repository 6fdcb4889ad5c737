/** `Console` of node:console, which workerd lacks; loggers such as Powertools make their own. */
import { formatWithOptions, inspect } from "node:util";

interface Output {
  write: (text: string) => unknown;
}

/** Where a call's text goes. */
export type Emit = (method: string, values: readonly unknown[]) => void;

export class Console {
  #emit: Emit;
  #indent = "";
  readonly #counts = new Map<string, number>();
  readonly #times = new Map<string, number>();

  constructor(output: Output | { readonly stdout: Output; readonly stderr?: Output } | Emit, errors?: Output) {
    this.#emit = typeof output === "function" ? output : writeLines(output, errors);
    // Methods are handed around without their object.
    for (const name of Object.getOwnPropertyNames(Console.prototype)) {
      const method: unknown = Reflect.get(this, name);
      if (name !== "constructor" && typeof method === "function") Reflect.set(this, name, method.bind(this));
    }
  }

  #write(method: string, values: readonly unknown[]): void {
    this.#emit(method, this.#indent === "" ? values : [this.#indent + formatWithOptions({}, ...values)]);
  }

  log(...values: unknown[]): void {
    this.#write("log", values);
  }

  info(...values: unknown[]): void {
    this.#write("info", values);
  }

  debug(...values: unknown[]): void {
    this.#write("debug", values);
  }

  warn(...values: unknown[]): void {
    this.#write("warn", values);
  }

  error(...values: unknown[]): void {
    this.#write("error", values);
  }

  trace(...values: unknown[]): void {
    const error = new Error(formatWithOptions({}, ...values));
    error.name = "Trace";
    this.#write("trace", [error.stack ?? String(error)]);
  }

  dir(value: unknown, options?: object): void {
    this.#write("log", [inspect(value, options)]);
  }

  dirxml(...values: unknown[]): void {
    this.#write("log", values);
  }

  table(value: unknown): void {
    this.#write("log", [value]);
  }

  assert(condition?: unknown, ...values: unknown[]): void {
    if (!condition) this.#write("warn", values.length === 0 ? ["Assertion failed"] : ["Assertion failed:", ...values]);
  }

  count(label = "default"): void {
    const count = (this.#counts.get(label) ?? 0) + 1;
    this.#counts.set(label, count);
    this.#write("log", [`${label}: ${count}`]);
  }

  countReset(label = "default"): void {
    this.#counts.delete(label);
  }

  time(label = "default"): void {
    this.#times.set(label, performance.now());
  }

  timeLog(label = "default", ...values: unknown[]): void {
    const begin = this.#times.get(label);
    if (begin !== undefined) this.#write("log", [`${label}: ${(performance.now() - begin).toFixed(3)}ms`, ...values]);
  }

  timeEnd(label = "default"): void {
    this.timeLog(label);
    this.#times.delete(label);
  }

  group(...values: unknown[]): void {
    if (values.length > 0) this.#write("log", values);
    this.#indent += "  ";
  }

  groupCollapsed(...values: unknown[]): void {
    this.group(...values);
  }

  groupEnd(): void {
    this.#indent = this.#indent.slice(2);
  }
}

function writeLines(output: Output | { readonly stdout: Output; readonly stderr?: Output }, errors?: Output): Emit {
  const stdout = "stdout" in output ? output.stdout : output;
  const stderr = ("stdout" in output ? output.stderr : errors) ?? stdout;
  return (method, values) => {
    const target = ["warn", "error", "trace"].includes(method) ? stderr : stdout;
    target.write(`${formatWithOptions({}, ...values)}\n`);
  };
}
