import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mintBlobId } from "../../../src/lib/blob-id.ts";
import type { CompleteUploadCall, PartExtent } from "../../../src/metadata/bucket/protocol.ts";
import { createIndex, expectOutcome, type Fixture, inline, makeObject } from "./index-fixture.ts";

/** What a key's bytes are: the text of an inline body, or the blobs of another. */
type Bytes = { readonly text: string } | { readonly blobs: readonly string[] };
type Step =
  | { readonly kind: "put"; readonly key: string; readonly inline: boolean }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "copy" | "rename"; readonly from: string; readonly key: string }
  | { readonly kind: "multipart"; readonly key: string; readonly parts: number; readonly listed: number }
  | { readonly kind: "abort"; readonly key: string }
  | { readonly kind: "pin"; readonly key: string }
  | { readonly kind: "unpin" };

const key = fc.constantFrom("a", "b", "c", "d");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), key, inline: fc.boolean() }),
  fc.record({ kind: fc.constant("delete" as const), key }),
  fc.record({ kind: fc.constantFrom("copy" as const, "rename" as const), from: key, key }),
  fc.record({
    kind: fc.constant("multipart" as const),
    key,
    parts: fc.integer({ min: 1, max: 3 }),
    listed: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ kind: fc.constant("abort" as const), key }),
  fc.record({ kind: fc.constant("pin" as const), key }),
  fc.record({ kind: fc.constant("unpin" as const) }),
);

const ETAG = "0123456789abcdef0123456789abcdef";
const PART_SIZE = 5 * 1024 ** 2;

/** The index beside the plainest model of it: a map of keys, every blob ever made, and what pins hold. */
class Run {
  readonly keys = new Map<string, Bytes>();
  readonly made = new Set<string>();
  readonly pins = new Map<string, readonly string[]>();
  readonly #index: Fixture;
  #count = 0;

  constructor(index: Fixture) {
    this.#index = index;
  }

  async take(next: Step): Promise<void> {
    this.#count += 1;
    if (next.kind === "put") await this.#put(next.key, next.inline);
    else if (next.kind === "delete") await this.#delete(next.key);
    else if (next.kind === "multipart") await this.#upload(next.key, next.parts, Math.min(next.listed, next.parts));
    else if (next.kind === "abort") await this.#abort(next.key);
    else if (next.kind === "pin") await this.#pin(next.key);
    else if (next.kind === "unpin") await this.#unpin();
    else await this.#copy(next.from, next.key, next.kind === "rename");
  }

  #mint(): string {
    const blob = mintBlobId(this.#index.config.bucketId, 0);
    this.made.add(blob);
    return blob;
  }

  async #put(name: string, small: boolean): Promise<void> {
    const text = `body ${this.#count}`;
    const blob = small ? undefined : this.#mint();
    await this.#index.put(name, { body: blob ?? inline(text), object: { size: small ? text.length : 10 } });
    this.keys.set(name, blob === undefined ? { text } : { blobs: [blob] });
  }

  async #delete(name: string): Promise<void> {
    await this.#index.delete(name);
    this.keys.delete(name);
  }

  async #copy(from: string, to: string, removeSource: boolean): Promise<void> {
    const copy = { sourceKey: from, key: to, sourceConditions: {}, conditions: {}, ownerId: "1", removeSource };
    const answer = await this.#index.api.copyObject({ ...this.#index.mutation(), ...copy });
    const source = this.keys.get(from);
    expectOutcome(answer, source ? "ok" : "no-such-source");
    if (!source) return;
    if (removeSource) this.keys.delete(from);
    this.keys.set(to, source);
  }

  async #begin(name: string, count: number): Promise<{ uploadId: string; parts: PartExtent[] }> {
    const uploadId = `upload ${this.#count}`;
    const { attributes, storageClass } = makeObject(name);
    const upload = { key: name, uploadId, initiatorId: "1", storageClass, attributes };
    await this.#index.api.createUpload({ ...this.#index.mutation(), upload });
    const parts: PartExtent[] = [];
    for (let partNumber = 1; partNumber <= count; partNumber++) {
      // Sent twice: the first is replaced.
      for (const blob of [this.#mint(), this.#mint()]) {
        const part = { partNumber, size: PART_SIZE, blob };
        await this.#index.api.putPart({ ...this.#index.mutation(), key: name, uploadId, etag: ETAG, ...part });
        parts[partNumber - 1] = part;
      }
    }
    return { uploadId, parts };
  }

  async #upload(name: string, count: number, listed: number): Promise<void> {
    const { uploadId, parts } = await this.#begin(name, count);
    const call: CompleteUploadCall = {
      ...this.#index.mutation(),
      key: name,
      uploadId,
      parts: parts.slice(0, listed).map(({ partNumber }) => ({ partNumber, etag: ETAG })),
      conditions: {},
    };
    expectOutcome(await this.#index.api.completeUpload(call), "ok");
    this.keys.set(name, { blobs: parts.slice(0, listed).map((part) => part.blob) });
  }

  async #abort(name: string): Promise<void> {
    const { uploadId } = await this.#begin(name, 1);
    await this.#index.api.abortUpload({ ...this.#index.mutation(), key: name, uploadId });
  }

  async #pin(name: string): Promise<void> {
    const copyId = `copy ${this.#count}`;
    const destination = { bucketId: "elsewhere", shard: 0 };
    await this.#index.api.pin({ ...this.#index.mutation(), copyId, key: name, conditions: {}, destination });
    const bytes = this.keys.get(name);
    if (bytes && "blobs" in bytes) this.pins.set(copyId, bytes.blobs);
  }

  async #unpin(): Promise<void> {
    const [oldest] = this.pins.keys();
    if (oldest === undefined) return;
    await this.#index.stub.releasePin(oldest);
    this.pins.delete(oldest);
  }

  /** What the model says: the keys with their bytes, and every blob either held or freed, never both or twice. */
  expected(): Observation {
    const keys = [...this.keys].map(([name, bytes]) => [name, "text" in bytes ? inline(bytes.text) : bytes] as const);
    return { keys: new Map(keys), blobs: [...this.made].sort() };
  }

  async observe(): Promise<Observation> {
    const keys = new Map<string, unknown>();
    for (const name of await this.#index.listKeys()) {
      const { body } = expectOutcome(await this.#index.get(name), "ok");
      keys.set(name, body?.kind === "extents" ? { blobs: body.extents.map((extent) => extent.blob) } : body);
    }
    const held = new Set([...this.pins.values()].flat());
    for (const bytes of this.keys.values()) {
      if ("blobs" in bytes) for (const blob of bytes.blobs) held.add(blob);
    }
    return { keys, blobs: [...held, ...(await listFreed(this.#index))].sort() };
  }
}

interface Observation {
  readonly keys: ReadonlyMap<string, unknown>;
  readonly blobs: readonly string[];
}

/** All blobs that the index has let go, those of freed manifests and uploads included. */
async function listFreed(index: Fixture): Promise<string[]> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    const blobs: string[] = [];
    for (const row of sql.exec<{ freed: string }>("SELECT freed FROM journal WHERE freed IS NOT NULL").toArray()) {
      for (const { kind, id } of JSON.parse(row.freed) as { kind: string; id: string }[]) {
        if (kind === "blob") blobs.push(id);
        const chunks = sql.exec<{ parts: string }>("SELECT parts FROM manifests WHERE id = ?", id).toArray();
        if (kind === "manifest")
          blobs.push(
            ...chunks.flatMap((chunk) => (JSON.parse(chunk.parts) as [number, string][]).map((part) => part[1])),
          );
        const parts = sql.exec<{ blob: string }>("SELECT blob FROM upload_parts WHERE upload_id = ?", id).toArray();
        if (kind === "upload") blobs.push(...parts.map((part) => part.blob));
      }
    }
    return blobs;
  });
}

describe("random operations", () => {
  it("leave every key readable, hold every live blob and free every other exactly once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = new Run(await createIndex());
        for (const next of steps) await run.take(next);
        expect(await run.observe()).toEqual(run.expected());
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
