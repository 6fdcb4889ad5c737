import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../env.ts";
import { Admission, type FirstShard } from "./admission.ts";
import { Committer } from "./committer.ts";
import { Agenda } from "./due.ts";
import type { Change } from "./journal.ts";
import { listObjects } from "./list-objects.ts";
import type * as protocol from "./protocol.ts";
import { getObject, listObjectParts } from "./reads.ts";
import { indexStub } from "./shards.ts";
import { copyObject, deleteObject, putObject } from "./writes.ts";

/**
 * The index of a bucket, or of one of its shards: which keys exist, and where their bytes are. A façade
 * over query functions, by noun; the rules that it keeps are those of docs/decisions (identity, writing,
 * copies, deleting, configuration).
 */
export class BucketIndex extends DurableObject<Env> {
  readonly #sql: SqlStorage;
  readonly #agenda: Agenda;
  readonly #admission: Admission;
  #committer: Committer | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#agenda = new Agenda(ctx.storage);
    this.#admission = new Admission(this.#sql, (bucketId) => indexStub(env, bucketId, 0) as unknown as FirstShard);
    if (this.#admission.state) this.#begin();
  }

  // Configuration and life

  create(config: protocol.BucketConfig, shard: number): boolean {
    const created = this.#admission.create(config, shard);
    if (created) this.#begin();
    return created;
  }

  // Objects

  getObject(call: protocol.GetObjectCall) {
    return this.#read(call, () => getObject(this.#sql, call));
  }

  putObject(call: protocol.PutObjectCall) {
    return this.#mutate(call, (change) => putObject(change, call));
  }

  deleteObjects(call: protocol.DeleteObjectsCall) {
    return this.#mutate(call, (change): protocol.DeleteObjectsOutcome => ({
      outcome: "ok",
      results: call.items.map((item) => deleteObject(change, item)),
    }));
  }

  copyObject(call: protocol.CopyObjectCall) {
    return this.#mutate(call, (change) => copyObject(change, call));
  }

  listObjects(call: protocol.ListObjectsCall) {
    return this.#read(call, () => listObjects(this.#sql, call));
  }

  listObjectParts(call: protocol.ListObjectPartsCall) {
    return this.#read(call, () => listObjectParts(this.#sql, call));
  }

  #begin(): void {
    if (this.#committer) return;
    this.#agenda.load(Date.now());
    this.#committer = new Committer(this.ctx.storage, this.#agenda, 60_000, () => {});
  }

  async #read<Answer>(call: protocol.Call, answer: () => Answer): Promise<Answer | protocol.Refusal> {
    return (await this.#admission.admit(call)) ?? answer();
  }

  async #mutate<Answer>(call: protocol.Mutation, work: (change: Change) => Answer): Promise<Answer | protocol.Refusal> {
    return (await this.#admission.admit(call)) ?? this.#commits.commit(call, work);
  }

  get #commits(): Committer {
    if (!this.#committer) throw new Error("this index object was never created");
    return this.#committer;
  }
}
