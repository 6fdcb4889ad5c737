import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import { appendEvents, lookupEvents } from "./events.ts";
import type * as protocol from "./protocol.ts";
import { MIGRATIONS } from "./schema.ts";

/** The audit trail of one account, which names the object (docs/decisions/0074-audit-trail.md). */
export class AuditTrail extends DurableObject<Env> implements Implementation<protocol.AuditTrailApi> {
  readonly #storage: DurableObjectStorage;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    runMigrations(this.#storage, MIGRATIONS);
  }

  append(events: readonly protocol.TrailEvent[], limits: protocol.TrailLimits): void {
    this.#storage.transactionSync(() => appendEvents(this.#storage.sql, events, limits, Date.now()));
  }

  lookup(query: protocol.TrailQuery): protocol.TrailPage {
    return lookupEvents(this.#storage.sql, query);
  }
}
