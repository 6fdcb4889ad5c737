import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { runMigrations } from "../migrations.ts";
import * as aliases from "./aliases.ts";
import type { CdnRegistryApi } from "./registry-protocol.ts";
import { MIGRATIONS } from "./registry-schema.ts";

type Synchronous<Method> = Method extends (...input: infer Input) => Promise<infer Output>
  ? (...input: Input) => Output
  : never;
type Implementation = { [Name in keyof CdnRegistryApi]: Synchronous<CdnRegistryApi[Name]> };

/**
 * What is unique in the deployment or listed: distributions, their aliases, and all that they refer to. One
 * object a deployment. The data plane reads from the Distribution objects, to which this one pushes.
 */
export class CdnRegistry extends DurableObject<Env> implements Implementation {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#sql = state.storage.sql;
    runMigrations(state.storage, MIGRATIONS);
  }

  findAlias(host: string): string | undefined {
    return aliases.findAlias(this.#sql, host);
  }
}
