import { env } from "cloudflare:workers";
import type { Env } from "../../../src/env.ts";
import { mintBlobId } from "../../../src/lib/blob-id.ts";
import type { IndexApi } from "../../../src/metadata/bucket/index-api.ts";
import type { BucketConfig, NewBody, NewObject } from "../../../src/metadata/bucket/protocol.ts";
import { indexStub } from "../../../src/metadata/bucket/shards.ts";

export const bindings: Env = env;

/** One index object of a fresh bucket, with short names for what most tests do. */
export interface Fixture {
  readonly config: BucketConfig;
  readonly shard: number;
  readonly stub: ReturnType<typeof indexStub>;
  readonly api: IndexApi;
  /** What a mutation carries: a new operation every time. */
  mutation(): { revision: number; operationId: string; repeated: boolean };
  call(): { revision: number };
  mint(): string;
  put(key: string, options?: PutOptions): ReturnType<IndexApi["putObject"]>;
  get(key: string): ReturnType<IndexApi["getObject"]>;
  delete(...keys: string[]): ReturnType<IndexApi["deleteObjects"]>;
  listKeys(prefix?: string): Promise<string[]>;
}

export interface PutOptions {
  readonly object?: Partial<NewObject>;
  /** Inline bytes, a blob id, or a whole body; a fresh blob by default. */
  readonly body?: string | NewBody;
  readonly conditions?: { ifMatch?: string[]; ifNoneMatch?: string[] };
}

export async function createIndex(shards = 1, shard = 0, bucketId: string = crypto.randomUUID()): Promise<Fixture> {
  const config: BucketConfig = {
    bucketId,
    revision: 1,
    name: "bucket",
    accountId: "000000000001",
    region: "us-east-1",
    createdAt: Date.now(),
    shards,
  };
  const stub = indexStub(bindings, bucketId, shard);
  await stub.create(config, shard);
  return useIndex(config, shard);
}

/** The same fixture on an index object that exists, or does not. */
export function useIndex(config: BucketConfig, shard = 0): Fixture {
  const stub = indexStub(bindings, config.bucketId, shard);
  const api = stub as unknown as IndexApi;
  const call = () => ({ revision: config.revision });
  const mutation = () => ({ ...call(), operationId: crypto.randomUUID(), repeated: false });
  const mint = () => mintBlobId(config.bucketId, shard);
  return {
    config,
    shard,
    stub,
    api,
    call,
    mutation,
    mint,
    put: (key, options = {}) =>
      api.putObject({
        ...mutation(),
        object: { ...makeObject(key), ...options.object },
        body: toBody(options.body ?? mint()),
        conditions: options.conditions ?? {},
      }),
    get: (key) => api.getObject({ ...call(), key, withBody: true }),
    delete: (...keys) => api.deleteObjects({ ...mutation(), items: keys.map((key) => ({ key })) }),
    async listKeys(prefix = "") {
      const page = await api.listObjects({ ...call(), prefix, delimiter: "", after: "", limit: 1000 });
      if (page.outcome !== "ok") throw new Error(page.outcome);
      return page.entries.map((entry) => ("key" in entry ? entry.key : entry.prefix));
    },
  };
}

export function makeObject(key: string): NewObject {
  return {
    key,
    size: 10,
    etag: "0123456789abcdef0123456789abcdef",
    storageClass: "STANDARD",
    ownerId: "000000000001",
    attributes: { headers: { "content-type": "text/plain" }, metadata: { color: "blue" } },
  };
}

export function inline(text: string): NewBody {
  return { kind: "inline", bytes: new TextEncoder().encode(text) };
}

function toBody(body: string | NewBody): NewBody {
  return typeof body === "string" ? { kind: "blob", blob: body } : body;
}

/** Narrows an answer to the outcome that the test expects, and shows the answer when it is another. */
export function expectOutcome<Answer extends { outcome: string }, Name extends Answer["outcome"]>(
  answer: Answer,
  name: Name,
): Extract<Answer, { outcome: Name }> {
  if (answer.outcome !== name) throw new Error(`expected ${name}, got ${JSON.stringify(answer)}`);
  return answer as Extract<Answer, { outcome: Name }>;
}
