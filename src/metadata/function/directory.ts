import type { Env } from "../../env.ts";
import { TimedCache } from "../../lib/timed-cache.ts";
import { askFunctionRegistry } from "./client.ts";
import type { FoundFunction, PolicyRecord, UrlRecord } from "./protocol.ts";

/** After UpdateFunctionCode other isolates may run the code before for that long. */
const FOUND = { fresh: 1_500, usable: 2_000 };
const NOT_FOUND = { fresh: 500, usable: 500 };

/**
 * Functions as an isolate knows them, for invocations: a warm one asks no Durable Object. Changes by the
 * same isolate count at once, those by others within two seconds.
 */
export class FunctionDirectory {
  readonly #env: Pick<Env, "FUNCTION_REGISTRY">;
  readonly #functions = new TimedCache<FoundFunction | undefined>({ limit: 2_000, lifetime: lifetimeOf });
  readonly #policies = new TimedCache<PolicyRecord | undefined>({ limit: 2_000, lifetime: () => FOUND });
  readonly #urls = new TimedCache<UrlRecord | undefined>({ limit: 2_000, lifetime: lifetimeOf });
  /** Grows with each change by this isolate, and is a part of every name: what was read before is not found again. */
  #generation = 0;

  constructor(env: Pick<Env, "FUNCTION_REGISTRY">) {
    this.#env = env;
  }

  findFunction(accountId: string, name: string, qualifier: string): Promise<FoundFunction | undefined> {
    return this.#functions.read(this.#key(accountId, name, qualifier), () =>
      askFunctionRegistry(this.#env, accountId, (registry) => registry.findFunction(name, qualifier)),
    );
  }

  /** `qualifier` is empty for the function itself. */
  findPolicy(accountId: string, name: string, qualifier: string): Promise<PolicyRecord | undefined> {
    return this.#policies.read(this.#key(accountId, name, qualifier), () =>
      askFunctionRegistry(this.#env, accountId, (registry) => registry.findPolicy(name, qualifier)),
    );
  }

  findUrl(accountId: string, urlId: string): Promise<UrlRecord | undefined> {
    return this.#urls.read(this.#key(urlId), () =>
      askFunctionRegistry(this.#env, accountId, (registry) => registry.findUrlById(urlId)),
    );
  }

  /** To be called after each change of a function, or of what belongs to it, by this isolate. */
  forgetAll(): void {
    this.#generation++;
  }

  #key(...parts: readonly string[]): string {
    return [this.#generation, ...parts].join("/");
  }
}

function lifetimeOf(value: object | undefined) {
  return value ? FOUND : NOT_FOUND;
}

const directories = new WeakMap<object, FunctionDirectory>();

/** The isolate's directory of a deployment: one for each `env`, which the runtime makes once. */
export function functionDirectoryOf(env: Pick<Env, "FUNCTION_REGISTRY">): FunctionDirectory {
  const known = directories.get(env);
  if (known) return known;
  const directory = new FunctionDirectory(env);
  directories.set(env, directory);
  return directory;
}
