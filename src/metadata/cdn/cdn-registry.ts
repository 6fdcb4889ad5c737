import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { buildNameSet, type NameSet } from "../../lib/name-set.ts";
import { runMigrations } from "../migrations.ts";
import * as aliases from "./aliases.ts";
import { distributionOf } from "./client.ts";
import { compileDistribution } from "./compile.ts";
import type { DistributionConfig } from "./distribution-config.ts";
import * as distributions from "./distributions.ts";
import type * as protocol from "./registry-protocol.ts";
import { MIGRATIONS } from "./registry-schema.ts";
import * as resources from "./resources.ts";

type Eventual<Method> = Method extends (...input: infer Input) => Promise<infer Output>
  ? (...input: Input) => Output | Promise<Output>
  : never;
type Implementation = { [Name in keyof protocol.CdnRegistryApi]: Eventual<protocol.CdnRegistryApi[Name]> };

/** Pushed at a time, and before the call that made them due is answered. The alarm does the rest. */
const PUSH_BATCH = 20;
/** In one run of the alarm. */
const MAX_BATCHES = 50;
/** After a push that failed, or was not finished. */
const RETRY_MS = 2_000;

/**
 * What is unique in the deployment or listed: distributions, their aliases, and all that they refer to. One
 * object a deployment. The data plane reads from the Distribution objects, to which this one pushes what
 * changed: a distribution's row says which revision its object has, and the alarm catches up after a crash.
 */
export class CdnRegistry extends DurableObject<Env> implements Implementation {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  /** Undefined when they must be read anew. */
  #names: NameSet | undefined;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    runMigrations(this.#storage, MIGRATIONS);
  }

  findAlias(host: string): string | undefined {
    return aliases.findAlias(this.#sql, host);
  }

  readNames(): NameSet {
    return (this.#names ??= buildNameSet([...distributions.listIds(this.#sql), ...aliases.listAliases(this.#sql)]));
  }

  createResource(created: protocol.NewResource): protocol.ResourceOutcome {
    return this.#storage.transactionSync(() => resources.createResource(this.#sql, created, Date.now()));
  }

  findResource(kind: protocol.ResourceKind, accountId: string, id: string): protocol.StoredResource | undefined {
    return resources.findResource(this.#sql, kind, accountId, id);
  }

  changeResource(
    kind: protocol.ResourceKind,
    accountId: string,
    id: string,
    etag: string,
    change: protocol.ResourceChange,
  ): Promise<protocol.ResourceOutcome> {
    return this.#change(() => resources.changeResource(this.#sql, { kind, accountId, id, etag }, change, Date.now()));
  }

  deleteResource(kind: protocol.ResourceKind, accountId: string, id: string, etag: string): protocol.ResourceOutcome {
    return this.#storage.transactionSync(() => resources.deleteResource(this.#sql, { kind, accountId, id, etag }));
  }

  listResources(
    kind: protocol.ResourceKind,
    accountId: string,
    after: string | undefined,
    limit: number,
  ): protocol.Page<protocol.StoredResource> {
    return resources.listResources(this.#sql, kind, accountId, after, limit);
  }

  createDistribution(created: protocol.NewDistribution): Promise<protocol.DistributionOutcome> {
    return this.#change(() => distributions.createDistribution(this.#sql, created, Date.now()));
  }

  findDistribution(accountId: string, id: string): protocol.StoredDistribution | undefined {
    return distributions.findDistribution(this.#sql, accountId, id);
  }

  changeDistribution(
    accountId: string,
    id: string,
    etag: string,
    config: DistributionConfig,
    references: readonly protocol.Reference[],
  ): Promise<protocol.DistributionOutcome> {
    return this.#change(() =>
      distributions.changeDistribution(this.#sql, { accountId, id, etag }, config, references, Date.now()),
    );
  }

  deleteDistribution(accountId: string, id: string, etag: string): Promise<protocol.DistributionOutcome> {
    return this.#change(() => distributions.deleteDistribution(this.#sql, { accountId, id, etag }));
  }

  listDistributions(
    accountId: string,
    after: string | undefined,
    limit: number,
    reference?: protocol.Reference,
  ): protocol.Page<protocol.StoredDistribution> {
    return distributions.listDistributions(this.#sql, accountId, after, limit, reference);
  }

  changeDistributionTags(
    accountId: string,
    id: string,
    put: Readonly<Record<string, string>>,
    removed: readonly string[],
  ): protocol.DistributionOutcome {
    return this.#storage.transactionSync(() => distributions.changeTags(this.#sql, accountId, id, put, removed));
  }

  moveAlias(accountId: string, id: string, alias: string): Promise<protocol.DistributionOutcome> {
    return this.#change(() => distributions.moveAlias(this.#sql, accountId, id, alias, Date.now()));
  }

  listConflictingAliases(alias: string, limit: number): readonly protocol.AliasHolder[] {
    return aliases.listConflictingAliases(this.#sql, alias, limit);
  }

  /** Pushes what is behind. Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    for (let batch = 0; batch < MAX_BATCHES && (await this.#pushBatch()) > 0; batch++);
    if (distributions.listBehind(this.#sql, 1).length > 0) await this.#storage.setAlarm(Date.now() + RETRY_MS);
  }

  /**
   * One change, whole or not at all, and the alarm that outlives a crash, in one write. What it made due is
   * pushed before the answer; where that fails the change stands all the same, and is not deployed yet.
   */
  async #change<Outcome>(step: () => Outcome): Promise<Outcome> {
    const outcome = this.#storage.transactionSync(step);
    this.#names = undefined;
    if (distributions.listBehind(this.#sql, 1).length === 0) return outcome;
    void this.#storage.setAlarm(Date.now() + RETRY_MS);
    await this.#pushBatch();
    return outcome;
  }

  /** How many objects have what is new. */
  async #pushBatch(): Promise<number> {
    const due = distributions.listBehind(this.#sql, PUSH_BATCH);
    const pushed = await Promise.all(due.map(({ id, revision }) => this.#push(id, revision)));
    return pushed.filter(Boolean).length;
  }

  async #push(id: string, revision: number): Promise<boolean> {
    try {
      const distribution = distributions.readDistribution(this.#sql, id);
      const domain = this.env.VERGE_DOMAIN ?? "localhost";
      const compiled = distribution && compileDistribution(this.#sql, distribution, domain);
      await distributionOf(this.env, id).install(revision, compiled);
      distributions.markPushed(this.#sql, id, revision, Date.now());
      return true;
    } catch (error) {
      console.error(`Distribution ${id} could not be pushed: ${String(error)}`);
      return false;
    }
  }
}
