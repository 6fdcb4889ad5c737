import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { FunctionCodeStore } from "../../storage/function-code.ts";
import type { Implementation } from "../implementation.ts";
import { runMigrations } from "../migrations.ts";
import { readRecoveryWindow } from "../bucket/settings.ts";
import * as aliases from "./aliases.ts";
import * as codes from "./codes.ts";
import * as eventConfigs from "./event-configs.ts";
import type { EventConfig, EventConfigChange, EventConfigOutcome } from "./event-configs-protocol.ts";
import * as functions from "./functions.ts";
import { findLayerUse } from "./layer-uses.ts";
import * as layers from "./layers.ts";
import * as mappings from "./mappings.ts";
import type { EventSourceMapping, MappingQuery } from "./mappings-protocol.ts";
import * as policies from "./policies.ts";
import type * as layerProtocol from "./layer-protocol.ts";
import type * as protocol from "./protocol.ts";
import { MIGRATIONS } from "./schema.ts";
import * as urls from "./urls.ts";
import * as versions from "./versions.ts";

type RegistryImplementation = Omit<Implementation<protocol.FunctionRegistryApi>, "reserveCode"> &
  Pick<protocol.FunctionRegistryApi, "reserveCode">;

/** Isolates may load a package for that long after it was replaced (cached reads, see directory.ts). */
const CACHE_MS = 60_000;
/** After a failed deletion in R2. */
const RETRY_MS = 60_000;

/**
 * The functions of one account, which names the object: versions, aliases, policies, tags, URLs, and which
 * packages in R2 they refer to. Every change is one synchronous step in a transaction.
 */
export class FunctionRegistry extends DurableObject<Env> implements RegistryImplementation {
  readonly #storage: DurableObjectStorage;
  readonly #sql: SqlStorage;
  readonly #packages: FunctionCodeStore;
  readonly #recoveryMs: number;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    this.#packages = new FunctionCodeStore(env.BLOBS);
    this.#recoveryMs = Math.max(readRecoveryWindow(env), CACHE_MS);
    runMigrations(this.#storage, MIGRATIONS);
  }

  async reserveCode(codeId: string): Promise<void> {
    codes.reserveCode(this.#sql, codeId, Date.now());
    await this.#armAlarm();
  }

  createFunction(created: protocol.NewFunction): protocol.CreateFunctionOutcome {
    return this.#change(() => functions.createFunction(this.#sql, created, Date.now()));
  }

  findFunction(name: string, qualifier: string): protocol.FoundFunction | undefined {
    const record = functions.findFunctionRecord(this.#sql, name);
    if (!record) return undefined;
    const isVersion = qualifier === versions.LATEST || /^\d+$/.test(qualifier);
    const alias = isVersion ? undefined : aliases.findAlias(this.#sql, name, qualifier);
    const version = versions.findVersion(this.#sql, name, alias?.version ?? qualifier);
    if (!version || (!isVersion && !alias)) return undefined;
    const eventConfig = eventConfigs.findEventConfig(this.#sql, name, qualifier);
    const second = alias?.routing && versions.findVersion(this.#sql, name, alias.routing.version);
    return {
      function: record,
      version,
      ...(alias && { alias }),
      ...(second && { weighted: { version: second, weight: alias.routing.weight } }),
      ...(eventConfig && { eventConfig }),
    };
  }

  listFunctions(after: string, limit: number, allVersions: boolean): protocol.Page<protocol.FunctionVersion> {
    return allVersions
      ? versions.listAllVersions(this.#sql, after, limit)
      : versions.listLatest(this.#sql, after, limit);
  }

  changeCode(name: string, change: protocol.CodeChange): protocol.ChangeCodeOutcome {
    return this.#change(() => functions.changeCode(this.#sql, name, change, Date.now(), this.#recoverableUntil()));
  }

  changeSettings(name: string, change: protocol.SettingsChange): protocol.ChangeSettingsOutcome {
    return this.#change(() => functions.changeSettings(this.#sql, name, change, Date.now(), this.#recoverableUntil()));
  }

  deleteFunction(name: string): protocol.DeleteOutcome {
    return this.#change(() => {
      const urlIds = urls.listUrls(this.#sql, name).map(({ urlId }) => urlId);
      const removed = functions.removeFunction(this.#sql, name, this.#recoverableUntil());
      return removed ? { outcome: "ok", urlIds } : { outcome: "not-found" };
    });
  }

  publishVersion(name: string, publication: protocol.Publication): protocol.PublishOutcome {
    return this.#change(() => versions.publishVersion(this.#sql, name, publication, Date.now()));
  }

  listVersions(name: string, after: string, limit: number): protocol.Page<protocol.FunctionVersion> | undefined {
    return versions.listVersions(this.#sql, name, after, limit);
  }

  deleteVersion(name: string, version: string): protocol.DeleteOutcome {
    return this.#change(() => {
      const users = aliases.listAliasesOf(this.#sql, name, version);
      if (users.length > 0) return { outcome: "in-use", aliases: users };
      const removed = functions.removeVersion(this.#sql, name, version, this.#recoverableUntil());
      return removed ? { outcome: "ok", urlIds: [] } : { outcome: "not-found" };
    });
  }

  createAlias(alias: Omit<protocol.AliasRecord, "revisionId">): protocol.AliasOutcome {
    return this.#change(() => aliases.createAlias(this.#sql, alias));
  }

  findAlias(functionName: string, name: string): protocol.AliasRecord | undefined {
    return aliases.findAlias(this.#sql, functionName, name);
  }

  listAliases(
    functionName: string,
    after: string,
    limit: number,
    version?: string,
  ): protocol.Page<protocol.AliasRecord> | undefined {
    return aliases.listAliases(this.#sql, functionName, after, limit, version);
  }

  changeAlias(functionName: string, name: string, change: protocol.AliasChange): protocol.AliasOutcome {
    return this.#change(() => aliases.changeAlias(this.#sql, functionName, name, change));
  }

  deleteAlias(functionName: string, name: string): boolean {
    return this.#change(() => aliases.deleteAlias(this.#sql, functionName, name));
  }

  addStatement(
    name: string,
    qualifier: string,
    statement: protocol.PolicyStatement,
    revisionId?: string,
  ): protocol.PolicyOutcome {
    if (!this.#exists(name, qualifier)) return { outcome: "not-found" };
    return this.#change(() => policies.addStatement(this.#sql, name, qualifier, statement, revisionId));
  }

  removeStatement(name: string, qualifier: string, sid: string, revisionId?: string): protocol.PolicyOutcome {
    if (!this.#exists(name, qualifier)) return { outcome: "not-found" };
    return this.#change(() => policies.removeStatement(this.#sql, name, qualifier, sid, revisionId));
  }

  findPolicy(name: string, qualifier: string): protocol.PolicyRecord | undefined {
    return policies.findPolicy(this.#sql, name, qualifier);
  }

  publishLayerVersion(layer: layerProtocol.NewLayerVersion): layerProtocol.PublishLayerOutcome {
    return this.#change(() => layers.publishLayerVersion(this.#sql, layer, Date.now()));
  }

  findLayerVersion(name: string, version: number): layerProtocol.LayerVersion | undefined {
    return layers.findLayerVersion(this.#sql, name, version);
  }

  listLayers(
    after: string,
    limit: number,
    filter: layerProtocol.LayerFilter,
  ): protocol.Page<layerProtocol.LayerVersion> {
    return layers.listLayers(this.#sql, after, limit, filter);
  }

  listLayerVersions(
    name: string,
    before: string,
    limit: number,
    filter: layerProtocol.LayerFilter,
  ): protocol.Page<layerProtocol.LayerVersion> {
    return layers.listLayerVersions(this.#sql, name, before, limit, filter);
  }

  deleteLayerVersion(name: string, version: number): void {
    this.#change(() => layers.deleteLayerVersion(this.#sql, name, version, this.#recoverableUntil()));
  }

  findLayerUse(arn: string): layerProtocol.FunctionLayer | undefined {
    return findLayerUse(this.#sql, arn);
  }

  addLayerStatement(
    name: string,
    version: number,
    statement: protocol.PolicyStatement,
    revisionId?: string,
  ): protocol.PolicyOutcome {
    if (!layers.findLayerVersion(this.#sql, name, version)) return { outcome: "not-found" };
    const policy = layers.layerPolicyName(name);
    return this.#change(() => policies.addStatement(this.#sql, policy, String(version), statement, revisionId));
  }

  removeLayerStatement(name: string, version: number, sid: string, revisionId?: string): protocol.PolicyOutcome {
    if (!layers.findLayerVersion(this.#sql, name, version)) return { outcome: "not-found" };
    const policy = layers.layerPolicyName(name);
    return this.#change(() => policies.removeStatement(this.#sql, policy, String(version), sid, revisionId));
  }

  findLayerPolicy(name: string, version: number): protocol.PolicyRecord | undefined {
    return policies.findPolicy(this.#sql, layers.layerPolicyName(name), String(version));
  }

  putTags(name: string, tags: Readonly<Record<string, string>>): protocol.TagsOutcome {
    return this.#change(() => functions.putTags(this.#sql, name, tags));
  }

  removeTags(name: string, keys: readonly string[]): protocol.TagsOutcome {
    return this.#change(() => functions.removeTags(this.#sql, name, keys));
  }

  putConcurrency(name: string, reserved: number | undefined): protocol.ConcurrencyOutcome {
    return this.#change(() => functions.putConcurrency(this.#sql, name, reserved));
  }

  createMapping(mapping: EventSourceMapping): "ok" | "exists" {
    return this.#change(() => mappings.createMapping(this.#sql, mapping));
  }

  findMapping(uuid: string): EventSourceMapping | undefined {
    return mappings.findMapping(this.#sql, uuid);
  }

  listMappings(query: MappingQuery): protocol.Page<EventSourceMapping> {
    return mappings.listMappings(this.#sql, query);
  }

  replaceMapping(mapping: EventSourceMapping): boolean {
    return this.#change(() => mappings.replaceMapping(this.#sql, mapping));
  }

  putMappingTags(uuid: string, tags: Readonly<Record<string, string>>): protocol.TagsOutcome {
    return this.#change(() => mappings.putMappingTags(this.#sql, uuid, tags));
  }

  removeMappingTags(uuid: string, keys: readonly string[]): protocol.TagsOutcome {
    return this.#change(() => mappings.removeMappingTags(this.#sql, uuid, keys));
  }

  deleteMapping(uuid: string): EventSourceMapping | undefined {
    return this.#change(() => mappings.deleteMapping(this.#sql, uuid));
  }

  readUsage(): protocol.AccountUsage {
    return functions.readUsage(this.#sql);
  }

  putRecursion(name: string, recursiveLoop: "Allow" | "Terminate"): boolean {
    return functions.putRecursion(this.#sql, name, recursiveLoop);
  }

  putEventConfig(name: string, qualifier: string, change: EventConfigChange, replace: boolean): EventConfigOutcome {
    if (!this.#exists(name, qualifier)) return { outcome: "not-found" };
    return eventConfigs.putEventConfig(this.#sql, name, qualifier, change, replace, Date.now());
  }

  findEventConfig(name: string, qualifier: string): EventConfig | undefined {
    return eventConfigs.findEventConfig(this.#sql, name, qualifier);
  }

  listEventConfigs(name: string, after: string, limit: number): protocol.Page<EventConfig> | undefined {
    return this.#exists(name, "") ? eventConfigs.listEventConfigs(this.#sql, name, after, limit) : undefined;
  }

  deleteEventConfig(name: string, qualifier: string): boolean {
    return eventConfigs.deleteEventConfig(this.#sql, name, qualifier);
  }

  createUrl(url: Omit<protocol.UrlRecord, "createdAt" | "modifiedAt">): protocol.UrlOutcome {
    if (!this.#exists(url.functionName, url.qualifier ?? "")) return { outcome: "not-found" };
    return this.#change(() => urls.createUrl(this.#sql, url, Date.now()));
  }

  findUrl(name: string, qualifier: string): protocol.UrlRecord | undefined {
    return urls.findUrl(this.#sql, name, qualifier);
  }

  findUrlById(urlId: string): protocol.UrlRecord | undefined {
    return urls.findUrlById(this.#sql, urlId);
  }

  listUrls(name: string): readonly protocol.UrlRecord[] | undefined {
    return this.#exists(name, "") ? urls.listUrls(this.#sql, name) : undefined;
  }

  changeUrl(name: string, qualifier: string, change: protocol.UrlChange): protocol.UrlOutcome {
    if (!this.#exists(name, qualifier)) return { outcome: "not-found" };
    return this.#change(() => urls.changeUrl(this.#sql, name, qualifier, change, Date.now()));
  }

  deleteUrl(name: string, qualifier: string): protocol.UrlRecord | undefined {
    return urls.deleteUrl(this.#sql, name, qualifier);
  }

  /** Deletes packages that nothing refers to any more. Catches everything: a dropped alarm would never come back. */
  override async alarm(): Promise<void> {
    try {
      for (const codeId of codes.listDueCodes(this.#sql, Date.now())) {
        await this.#packages.remove(codeId);
        codes.forgetCode(this.#sql, codeId);
      }
      await this.#armAlarm();
    } catch (error) {
      console.error(`Packages could not be deleted: ${String(error)}`);
      await this.#storage.setAlarm(Date.now() + RETRY_MS);
    }
  }

  /** One change, whole or not at all, and the alarm for the packages that it may have made due. */
  #change<Outcome>(step: () => Outcome): Outcome {
    const outcome = this.#storage.transactionSync(step);
    void this.#armAlarm();
    return outcome;
  }

  async #armAlarm(): Promise<void> {
    const due = codes.nextDueCode(this.#sql);
    if (due === undefined) return;
    const armed = await this.#storage.getAlarm();
    if (armed === null || armed > due) await this.#storage.setAlarm(due);
  }

  /** Whether the function, and with a qualifier the version or alias, is there. */
  #exists(name: string, qualifier: string): boolean {
    return this.findFunction(name, qualifier === "" ? versions.LATEST : qualifier) !== undefined;
  }

  #recoverableUntil(): number {
    return Date.now() + this.#recoveryMs;
  }
}
