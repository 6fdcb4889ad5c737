import { createHash } from "node:crypto";
import {
  createExecutionContext,
  evictDurableObject,
  reset,
  runInDurableObject,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { signRequest } from "../../../src/auth/sigv4/presign.ts";
import { mintVersionId } from "../../../src/lib/version-id.ts";
import { Change } from "../../../src/metadata/bucket/journal.ts";
import type { LifecycleConfiguration } from "../../../src/metadata/bucket/lifecycle-rules.ts";
import { walkPage } from "../../../src/metadata/bucket/lifecycle.ts";
import type { BucketConfig } from "../../../src/metadata/bucket/protocol.ts";
import { restoreLines } from "../../../src/metadata/bucket/restore.ts";
import { indexShard, indexStub } from "../../../src/metadata/bucket/shards.ts";
import worker from "../../../src/worker.ts";

/**
 * What a listing, a version listing and a lifecycle pass cost for each key: in a bucket of `KEYS` keys
 * (200,000, or as the environment says) and in one of ten thousand, both on 4 index objects. The indexes are
 * filled by lines of journal segments, as a rebuild fills them.
 */
const SMALL = 10_000;
const LARGE = Number(env.KEYS || 200_000);
const SHARDS = 4;
const BATCH_LINES = 2000;
const FOLDER_KEYS = 100;
/** Every so many keys there is one with an older version, and one with a delete marker below the current one. */
const VERSIONED_EVERY = 10;
const MARKED_EVERY = 50;
/** Every so many keys expire in the lifecycle pass. */
const EXPIRING_EVERY = 1000;
const PAGES = 20;
const ROUNDS = 5;
const DAY_MS = 24 * 3600_000;
const WRITTEN_AT = Date.UTC(2025, 0, 1);

const RULES: LifecycleConfiguration = {
  rules: [
    {
      id: "tmp",
      enabled: true,
      filter: { form: "one", tags: [{ key: "keep", value: "no" }] },
      expiration: { days: 30 },
    },
    { id: "old", enabled: true, filter: { form: "one" }, noncurrentExpiration: { days: 20_000 } },
  ],
};

interface Bucket {
  readonly name: string;
  readonly keys: number;
  readonly config: BucketConfig;
}
interface Cost {
  /** Of rows of tables and indexes, as the platform bills them. */
  readonly rowsRead: number;
  readonly milliseconds: number;
}

async function send(
  method: string,
  target: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const url = `http://localhost${target}`;
  const signature = signRequest({
    method,
    url,
    region: "us-east-1",
    service: "s3",
    accessKeyId: env.VERGE_ROOT_ACCESS_KEY_ID!,
    secretAccessKey: env.VERGE_ROOT_SECRET_ACCESS_KEY!,
    now: Date.now(),
    payloadSha256: "UNSIGNED-PAYLOAD",
    headers,
  });
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const request = new Request(url, {
    method,
    headers: { host: "localhost", ...headers, ...signature, ...length },
    ...(body === undefined ? {} : { body }),
  });
  const context = createExecutionContext();
  const response = await worker.fetch(request, env, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  if (response.status >= 400) throw new Error(`${method} ${target}: ${response.status} ${text}`);
  return text;
}

/** In key order. */
function keyOf(number: number): string {
  const folder = String(Math.floor(number / FOLDER_KEYS)).padStart(6, "0");
  return `folder-${folder}/object-${String(number).padStart(8, "0")}`;
}

async function fill(name: string, keys: number): Promise<Bucket> {
  await send("PUT", `/${name}`, undefined, { "x-verge-index-shards": String(SHARDS) });
  const status = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  const checksum = { "content-md5": createHash("md5").update(status).digest("base64") };
  await send("PUT", `/${name}?versioning`, status, checksum);
  const entry = await env.REGISTRY.get(env.REGISTRY.idFromName("registry")).findBucket(name);
  if (!entry) throw new Error(`${name} is not there`);
  const config = await indexStub(env, entry.bucketId, 0).readConfig();
  if (!config) throw new Error(`${name} has no index`);
  const startedAt = Date.now();
  const batches: string[][] = Array.from({ length: SHARDS }, () => []);
  const flush = (shard: number) => {
    const lines = batches[shard]!.splice(0);
    return runInDurableObject(indexStub(env, config.bucketId, shard), (_, { storage }) =>
      storage.transactionSync(() => restoreLines(storage.sql, lines)),
    );
  };
  for (let number = 0; number < keys; number++) {
    const key = keyOf(number);
    const shard = indexShard(config, key);
    batches[shard]!.push(...linesOf(config, shard, key, number));
    if (batches[shard]!.length >= BATCH_LINES) await flush(shard);
  }
  for (let shard = 0; shard < SHARDS; shard++) {
    await flush(shard);
    // The sequence goes on after what was restored once the object starts anew.
    await evictDurableObject(indexStub(env, config.bucketId, shard));
  }
  console.log(`${keys} keys: filled in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  return { name, keys, config };
}

function linesOf(config: BucketConfig, shard: number, key: string, number: number): string[] {
  const sequence = number * 4 + 3;
  const lines = [
    lineOf(
      "objects",
      rowOf(config, shard, key, sequence, number % EXPIRING_EVERY === 0 ? [{ key: "keep", value: "no" }] : []),
    ),
  ];
  if (number % MARKED_EVERY === 0) {
    lines.push(
      lineOf("versions", { ...rowOf(config, shard, key, sequence - 1, []), body_kind: "marker", body_id: "" }),
    );
  }
  if (number % VERSIONED_EVERY === 0) lines.push(lineOf("versions", rowOf(config, shard, key, sequence - 2, [])));
  return lines;
}

function lineOf(table: "objects" | "versions", row: ReturnType<typeof rowOf>): string {
  const key = table === "objects" ? [row.key] : [row.key, row.sequence];
  return JSON.stringify({ table, key, rows: [row] });
}

function rowOf(config: BucketConfig, shard: number, key: string, sequence: number, tags: readonly object[]) {
  const unique = sequence.toString(16).padStart(12, "0");
  return {
    key,
    sequence,
    version_id: mintVersionId(sequence),
    size: 200_000 + sequence,
    etag: `0123456789abcdef0123${unique}`,
    modified: WRITTEN_AT,
    storage_class: "STANDARD",
    owner: config.accountId,
    checksum: "CRC32:FULL_OBJECT:AAAAAA==",
    body_kind: "blob",
    body_id: `${config.bucketId}/${shard}/0190f5a0-0000-7000-8000-${unique}`,
    parts: null,
    attributes: JSON.stringify({
      headers: { "content-type": "application/octet-stream" },
      metadata: {},
      ...(tags.length > 0 && { tags }),
    }),
  };
}

/** Objects and tests share an isolate: the class of all `sql` objects is watched for what they read. */
async function measure(work: () => Promise<unknown>): Promise<Cost> {
  const stub = indexStub(env, buckets.small.config.bucketId, 0);
  let rowsRead = 0;
  let restore: () => void = () => undefined;
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    const prototype = Object.getPrototypeOf(sql) as SqlStorage;
    const exec = Reflect.get(prototype, "exec");
    prototype.exec = function watch(this: SqlStorage, ...parameters: Parameters<SqlStorage["exec"]>) {
      const cursor = exec.apply(this, parameters);
      // Queries are read to their end without awaiting anything.
      queueMicrotask(() => (rowsRead += cursor.rowsRead));
      return cursor;
    } as SqlStorage["exec"];
    restore = () => {
      prototype.exec = exec;
    };
  });
  const startedAt = Date.now();
  try {
    await work();
  } finally {
    restore();
  }
  return { milliseconds: Date.now() - startedAt, rowsRead };
}

/** Pages from places all over the first half of the bucket; answers how many entries they had. */
async function readPages(bucket: Bucket, query: (after: string) => string, entry: RegExp): Promise<number> {
  let entries = 0;
  for (let page = 0; page < PAGES; page++) {
    const number = Math.floor((page * bucket.keys) / PAGES / 2);
    const answer = await send("GET", `/${bucket.name}?${query(encodeURIComponent(keyOf(number)))}`);
    entries += answer.match(entry)?.length ?? 0;
  }
  return entries;
}

/** A whole pass over every index object; answers how many versions there were. */
async function passLifecycle({ config, keys }: Bucket): Promise<number> {
  for (let shard = 0; shard < SHARDS; shard++) {
    const stub = indexStub(env, config.bucketId, shard);
    let more = true;
    for (let sequence = keys * 4 + 10; more; sequence++) {
      more = await runInDurableObject(stub, (_, { storage }) =>
        storage.transactionSync(() => {
          const change = new Change(storage.sql, { bucketId: config.bucketId, shard }, sequence, Date.now(), config);
          return walkPage(change, RULES, DAY_MS);
        }),
      );
    }
  }
  return keys * (1 + 1 / MARKED_EVERY + 1 / VERSIONED_EVERY);
}

let buckets: { readonly small: Bucket; readonly large: Bucket };

beforeAll(async () => {
  buckets = { small: await fill("small-bucket", SMALL), large: await fill("large-bucket", LARGE) };
  // Code is compiled and statements are prepared before anything is measured.
  await readPages(buckets.small, (after) => `list-type=2&start-after=${after}`, /<Key>/g);
  await readPages(buckets.small, (after) => `versions&key-marker=${after}`, /<Key>/g);
});
afterAll(() => reset());

/** What each entry costs in both buckets, in turns; the median of the rounds. */
async function expectSameCost(name: string, work: (bucket: Bucket) => Promise<number>, rounds = ROUNDS): Promise<void> {
  const { small, large } = buckets;
  const costs = { small: [] as Cost[], large: [] as Cost[] };
  for (let round = 0; round < rounds; round++) {
    for (const [size, bucket] of [
      ["small", small],
      ["large", large],
    ] as const) {
      let entries = 0;
      const { rowsRead, milliseconds } = await measure(async () => {
        entries = await work(bucket);
      });
      expect(entries).toBeGreaterThan(0);
      costs[size].push({ rowsRead: rowsRead / entries, milliseconds: milliseconds / entries });
    }
  }
  const rows = { small: medianOf(costs.small, "rowsRead"), large: medianOf(costs.large, "rowsRead") };
  const times = { small: medianOf(costs.small, "milliseconds"), large: medianOf(costs.large, "milliseconds") };
  const micro = (value: number) => `${(value * 1000).toFixed(1)} µs`;
  console.log(
    `${name}: ${SMALL} keys ${rows.small.toFixed(3)} rows, ${micro(times.small)} an entry; ` +
      `${LARGE} keys ${rows.large.toFixed(3)} rows, ${micro(times.large)} an entry`,
  );
  expect(rows.large / rows.small).toBeLessThan(1.1);
  expect(times.large / times.small).toBeLessThan(2);
}

function medianOf(costs: readonly Cost[], what: keyof Cost): number {
  const values = costs.map((cost) => cost[what]).toSorted((a, b) => a - b);
  return values[Math.floor(values.length / 2)]!;
}

it("a page of ListObjectsV2 costs the same", () =>
  expectSameCost("ListObjectsV2", (bucket) =>
    readPages(bucket, (after) => `list-type=2&start-after=${after}`, /<Key>/g),
  ));

it("a page of common prefixes costs the same", () =>
  expectSameCost("ListObjectsV2 with a delimiter", (bucket) =>
    readPages(bucket, (after) => `list-type=2&delimiter=%2F&max-keys=50&start-after=${after}`, /<Prefix>folder/g),
  ));

it("a page of ListObjectVersions costs the same", () =>
  expectSameCost("ListObjectVersions", (bucket) =>
    readPages(bucket, (after) => `versions&key-marker=${after}`, /<Key>/g),
  ));

it("a lifecycle pass costs the same", () => expectSameCost("lifecycle pass", passLifecycle, 1));
