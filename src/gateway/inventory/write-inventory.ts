import { createHash } from "node:crypto";
import { judgeDelivery } from "../../auth/policy/service-delivery.ts";
import type { Account } from "../../auth/identity.ts";
import type { Env } from "../../env.ts";
import { askAgain } from "../../metadata/ask-again.ts";
import {
  type InventoryClaim,
  type InventoryClaimCall,
  type InventoryConfiguration,
  type InventoryFile,
  type InventoryRun,
  type InventoryStep,
  readInventory,
} from "../../metadata/bucket/inventory.ts";
import type { InventoryPage, InventoryPageCall } from "../../metadata/bucket/inventory-page.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { indexStub } from "../../metadata/bucket/shards.ts";
import type { VersionPosition } from "../../metadata/bucket/version-rows.ts";
import { s3Error } from "../../s3/errors.ts";
import { type BucketActor, findBucketFor, sendToBucket } from "../act-on-bucket.ts";
import { deploymentOf } from "../deployment.ts";
import { formatLine, listColumns, type ReportedBucket } from "./fields.ts";
import { describeFiles, formatManifest, nameFile, nameManifest, nameSymlinks } from "./manifest.ts";
import { compressTexts } from "./report-file.ts";

/** What is asked of index objects. */
interface InventoryIndex {
  claimInventory(call: InventoryClaimCall): Promise<InventoryClaim | undefined>;
  endInventory(step: InventoryStep, next?: InventoryRun): Promise<void>;
  releaseInventory(step: InventoryStep): Promise<void>;
  readInventory(call: InventoryPageCall): Promise<InventoryPage>;
}

const PAGE_ENTRIES = 1000;
/** A file ends with the page that reaches either. */
const FILE_ENTRIES = 1_000_000;
const FILE_MS = 60_000;
const SERVICE = "s3.amazonaws.com";
/** As S3 sends it, and as its policies for destinations demand. */
const ACL = "bucket-owner-full-control";

/** A report that is being written, and where to. */
interface Report {
  readonly env: Env;
  readonly actor: BucketActor;
  readonly run: InventoryRun;
  readonly configuration: InventoryConfiguration;
  readonly source: BucketConfig;
  readonly target: BucketConfig;
  readonly owner: Account;
}

/**
 * Takes one step of an inventory report: a file of keys, or at last the manifest. How far it is stands in the
 * bucket's first index object; here is nothing between steps. A step that is taken twice writes the same file.
 * It is claimed in the name of the message: one that comes again, because its first delivery failed and could not
 * give the step back either, need not wait for the end of the lease.
 */
export async function writeInventory(
  { bucketId, id, step }: InventoryStep & { readonly bucketId: string },
  env: Env,
  { messageId: claimant }: { readonly messageId: string },
): Promise<void> {
  const first = <Answer>(ask: (index: InventoryIndex) => Promise<Answer>) => askIndex(env, bucketId, 0, ask);
  const address = { id, step };
  const claim = await first((index) => index.claimInventory({ ...address, claimant }));
  if (!claim) return;
  try {
    const report = await openReport(env, claim);
    const next = report && (await takeStep(report));
    await first((index) => index.endInventory(address, next));
    if (next) await env.BACKGROUND.send({ kind: "write-inventory", bucketId, id, step: next.step });
  } catch (error) {
    await first((index) => index.releaseInventory(address));
    throw error;
  }
}

/** Undefined where the destination does not take the report, which is then given up. */
async function openReport(env: Env, { run, bucket: source }: InventoryClaim): Promise<Report | undefined> {
  const deployment = deploymentOf(env);
  const actor = { env, deployment, defer: (work: Promise<unknown>) => void work.catch(() => undefined) };
  const configuration = readInventory(run.configuration);
  const { bucket, accountId } = configuration.destination;
  const target = await findBucketFor(actor, bucket);
  const owner = target && (await deployment.directory.findAccount(target.accountId));
  const key = nameManifest(source.name, configuration, run.startedAt);
  const { name, accountId: sourceAccount } = source;
  const delivery = { service: SERVICE, key, name, accountId: sourceAccount, acl: ACL };
  const isRightOwner = accountId === undefined || target?.accountId === accountId;
  if (target && owner && isRightOwner && judgeDelivery(target, delivery) === "allowed") {
    return { env, actor, run, configuration, source, target, owner };
  }
  console.warn(`the inventory ${configuration.id} of bucket ${name} was not written: ${bucket} does not take it`);
  return undefined;
}

async function takeStep(report: Report): Promise<InventoryRun | undefined> {
  if (report.run.shard < report.source.shards) return writeFile(report);
  await writeManifest(report);
  return undefined;
}

/** Writes the next keys of one index object into a file of their own. */
async function writeFile(report: Report): Promise<InventoryRun> {
  const { run, source, configuration } = report;
  const { position: _before, ...rest } = run;
  const texts = new FileTexts(report);
  const begun = await texts.next();
  if (begun.done) return { ...rest, step: run.step + 1, shard: run.shard + 1 };
  const key = nameFile(source.name, configuration, run);
  const { stream, measure } = compressTexts(texts.after(begun.value));
  await put(report, key, { stream, contentType: "application/x-gzip" });
  const file: InventoryFile = { key, ...measure() };
  const files = [...run.files, file];
  const { position } = texts;
  if (position) return { ...rest, step: run.step + 1, position, files };
  return { ...rest, step: run.step + 1, shard: run.shard + 1, files };
}

/** The lines of a file, a page at a time, until there are no more keys or the file is long enough. */
class FileTexts implements AsyncIterator<string> {
  readonly #report: Report;
  readonly #columns: readonly string[];
  readonly #bucket: ReportedBucket;
  readonly #until = Date.now() + FILE_MS;
  #position: VersionPosition | undefined;
  #entries = 0;
  #ended = false;
  #held: string | undefined;

  constructor(report: Report) {
    const { configuration, source, actor, run } = report;
    this.#report = report;
    this.#columns = listColumns(configuration.allVersions, configuration.fields);
    this.#bucket = {
      config: source,
      canonicalIdOf: async (id) => (await actor.deployment.directory.findAccount(id))?.canonicalId ?? "",
    };
    this.#position = run.position;
  }

  /** Where the next file begins; undefined when the index object has no more keys. */
  get position(): VersionPosition | undefined {
    return this.#position;
  }

  /** The same texts with one that was read already. */
  after(text: string): this {
    this.#held = text;
    return this;
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    if (this.#held !== undefined) {
      const value = this.#held;
      this.#held = undefined;
      return { done: false, value };
    }
    if (this.#ended || this.#entries >= FILE_ENTRIES || Date.now() > this.#until)
      return { done: true, value: undefined };
    const { entries } = await this.#readPage();
    this.#entries += entries.length;
    const last = entries.at(-1);
    this.#ended = entries.length < PAGE_ENTRIES;
    this.#position = this.#ended || !last ? undefined : { key: last.key, sequence: last.sequence };
    if (!last) return { done: true, value: undefined };
    let value = "";
    for (const entry of entries) value += await formatLine(this.#columns, entry, this.#bucket);
    return { done: false, value };
  }

  #readPage(): Promise<InventoryPage> {
    const { env, source, run, configuration } = this.#report;
    const { prefix, allVersions } = configuration;
    const call = { prefix, allVersions, limit: PAGE_ENTRIES, ...(this.#position && { after: this.#position }) };
    return askIndex(env, source.bucketId, run.shard, (index) => index.readInventory(call));
  }
}

async function writeManifest(report: Report): Promise<void> {
  const { run, source, configuration, target } = report;
  const links = describeFiles(target.name, run.files);
  await put(report, nameSymlinks(source.name, configuration, run.startedAt), { text: links });
  const manifest = formatManifest(source.name, configuration, run);
  const key = nameManifest(source.name, configuration, run.startedAt);
  await put(report, key, { text: manifest, contentType: "application/json" });
  const checksum = createHash("md5").update(manifest).digest("hex");
  // The last: who waits for a report waits for this.
  await put(report, key.replace(/json$/, "checksum"), { text: checksum });
}

interface Content {
  readonly stream?: ReadableStream<Uint8Array>;
  readonly text?: string;
  readonly contentType?: string;
}

/** Objects of a report belong to the owner of the destination. */
async function put(
  { actor, owner, target, configuration }: Report,
  key: string,
  { stream, text = "", contentType = "text/plain" }: Content,
): Promise<void> {
  const { encryption } = configuration.destination;
  const bytes = new TextEncoder().encode(text);
  const headers = new Headers({
    "content-type": contentType,
    ...(stream ? { "transfer-encoding": "chunked" } : { "content-length": String(bytes.byteLength) }),
    ...(encryption && { "x-amz-server-side-encryption": encryption.kmsKey === undefined ? "AES256" : "aws:kms" }),
    ...(encryption?.kmsKey !== undefined && { "x-amz-server-side-encryption-aws-kms-key-id": encryption.kmsKey }),
  });
  const identity = { kind: "account", account: owner, accessKeyId: "" } as const;
  const body = stream ? { stream, headers } : { bytes, headers };
  await sendToBucket(actor, identity, "PUT", { bucket: target.name, key }, body);
}

function askIndex<Answer>(
  env: Env,
  bucketId: string,
  shard: number,
  ask: (index: InventoryIndex) => Promise<Answer>,
): Promise<Answer> {
  return askAgain(
    () => ask(indexStub(env, bucketId, shard) as unknown as InventoryIndex),
    () => s3Error("SlowDown"),
  );
}
