import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import { MIGRATIONS } from "./distribution-schema.ts";
import * as invalidations from "./invalidations.ts";
import type { Protection } from "./protection.ts";
import type * as protocol from "./protocol.ts";

/**
 * What the data plane knows of one distribution: its compiled configuration, which the CdnRegistry installs,
 * and its invalidations. Every location asks it every few seconds, so that it does nothing else.
 */
export class Distribution extends DurableObject<Env> implements Implementation<protocol.DistributionApi> {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Ids that anyone may guess reach such objects: nothing is written for those that were never installed. */
  #installed: boolean;
  /** As the tables have it; undefined when it must be read anew. */
  #snapshot: protocol.DistributionSnapshot | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    this.#installed = this.#sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'state'").toArray().length > 0;
    if (this.#installed) runMigrations(this.#storage, MIGRATIONS);
  }

  read(knownRevision?: number): protocol.DistributionSnapshot | "unchanged" | undefined {
    const snapshot = (this.#snapshot ??= this.#readSnapshot());
    return snapshot && snapshot.revision === knownRevision ? "unchanged" : snapshot;
  }

  install(configurationRevision: number, compiled: protocol.CompiledDistribution | undefined): void {
    if (!this.#installed) runMigrations(this.#storage, MIGRATIONS);
    this.#installed = true;
    this.#sql.exec(
      `INSERT INTO state (id, configuration_revision, revision, compiled) VALUES (1, ?, 1, ?)
       ON CONFLICT DO UPDATE SET
         configuration_revision = excluded.configuration_revision,
         revision = revision + 1,
         compiled = excluded.compiled
       WHERE configuration_revision < excluded.configuration_revision`,
      configurationRevision,
      compiled ? JSON.stringify(compiled) : null,
    );
    this.#snapshot = undefined;
  }

  setProtection(protection: Protection): boolean {
    if (!this.#exists()) return false;
    this.#snapshot = undefined;
    this.#sql.exec("UPDATE state SET protection = ?, revision = revision + 1", JSON.stringify(protection));
    return true;
  }

  createInvalidation(request: protocol.InvalidationRequest): protocol.InvalidationOutcome {
    if (!this.#exists()) return { outcome: "no-such-distribution" };
    this.#snapshot = undefined;
    return this.#storage.transactionSync(() => invalidations.createInvalidation(this.#sql, request, Date.now()));
  }

  findInvalidation(id: string): protocol.Invalidation | undefined {
    return this.#installed ? invalidations.findInvalidation(this.#sql, id) : undefined;
  }

  listInvalidations(afterId: string | undefined, limit: number): protocol.InvalidationPage {
    if (!this.#installed) return { items: [], truncated: false };
    return invalidations.listInvalidations(this.#sql, afterId, limit);
  }

  #exists(): boolean {
    return this.#installed && this.#sql.exec("SELECT 1 FROM state WHERE compiled IS NOT NULL").toArray().length > 0;
  }

  #readSnapshot(): protocol.DistributionSnapshot | undefined {
    if (!this.#installed) return undefined;
    const [state] = this.#sql.exec<{ compiled: string | null; revision: number; protection: string | null }>(
      "SELECT compiled, revision, protection FROM state",
    );
    if (!state?.compiled) return undefined;
    return {
      ...(JSON.parse(state.compiled) as protocol.CompiledDistribution),
      revision: state.revision,
      invalidations: invalidations.listRecords(this.#sql),
      ...(state.protection !== null && { protection: JSON.parse(state.protection) as Protection }),
    };
  }
}
