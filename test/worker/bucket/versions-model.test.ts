import assert from "node:assert/strict";
import { runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Versioning } from "../../../src/metadata/bucket/documents.ts";
import { createIndex, type Fixture, inline } from "./index-fixture.ts";
import { configure, listEverything, rebuild, remove } from "./versioned.ts";

/** A version as the model sees it; a delete marker has no bytes. */
interface Version {
  readonly id: string;
  readonly bytes?: string;
}
type Step =
  | { readonly kind: "put"; readonly key: string; readonly inline: boolean }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "remove"; readonly key: string; readonly position: number }
  | { readonly kind: "copy"; readonly from: string; readonly key: string; readonly position: number }
  | { readonly kind: "rename"; readonly from: string; readonly key: string }
  | { readonly kind: "configure"; readonly versioning: Versioning };

const key = fc.constantFrom("a", "b", "c");
const position = fc.nat({ max: 4 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("put" as const), key, inline: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), key, position }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("copy" as const), from: key, key, position }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), from: key, key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("configure" as const),
      versioning: fc.constantFrom("Enabled" as const, "Suspended" as const),
    }),
  },
);

/** The index beside the plainest model of it: of each key its versions, the newest first. */
class Run {
  readonly #keys = new Map<string, Version[]>();
  readonly #made = new Set<string>();
  #versioning: Versioning | undefined;
  #index: Fixture;
  #count = 0;

  constructor(index: Fixture) {
    this.#index = index;
  }

  get index(): Fixture {
    return this.#index;
  }

  async take(next: Step): Promise<void> {
    this.#count += 1;
    if (next.kind === "put") await this.#put(next.key, next.inline);
    else if (next.kind === "delete") await this.#delete(next.key);
    else if (next.kind === "remove") await this.#remove(next.key, next.position);
    else if (next.kind === "copy") await this.#copy(next.from, next.key, next.position);
    else if (next.kind === "rename") await this.#rename(next.from, next.key);
    else await this.#configure(next.versioning);
  }

  async #configure(versioning: Versioning): Promise<void> {
    this.#index = await configure(this.#index, { versioning });
    this.#versioning = versioning;
  }

  async #put(name: string, small: boolean): Promise<void> {
    const text = `body ${this.#count}`;
    const blob = this.#index.mint();
    if (!small) this.#made.add(blob);
    const body = small ? inline(text) : blob;
    const answer = await this.#index.put(name, { body, object: { size: small ? text.length : 10 } });
    if (answer.outcome !== "ok") throw new Error(answer.outcome);
    this.#add(name, { id: answer.object.versionId, bytes: small ? text : blob });
  }

  async #delete(name: string): Promise<void> {
    const answer = await remove(this.#index, { key: name });
    if (answer.outcome !== "deleted") throw new Error(answer.outcome);
    this.#hide(name, answer.versionId);
  }

  async #remove(name: string, at: number): Promise<void> {
    const versions = this.#of(name);
    const version = versions[at];
    const versionId = version?.id ?? "null";
    await remove(this.#index, { key: name, versionId });
    this.#keys.set(
      name,
      versions.filter(({ id }) => id !== versionId),
    );
  }

  async #copy(from: string, to: string, at: number): Promise<void> {
    const source = this.#of(from)[at] ?? this.#of(from).find(({ id }) => id === "null");
    const copy = { sourceKey: from, key: to, sourceConditions: {}, conditions: {}, ownerId: "1" };
    const call = { ...this.#index.mutation(), ...copy, sourceVersionId: source?.id ?? "null" };
    const answer = await this.#index.api.copyObject(call);
    assert.equal(answer.outcome === "ok", source?.bytes !== undefined);
    if (answer.outcome === "ok") this.#add(to, { ...source!, id: answer.object.versionId });
  }

  async #rename(from: string, to: string): Promise<void> {
    if (from === to) return;
    const source = this.#of(from)[0];
    const copy = { sourceKey: from, key: to, sourceConditions: {}, conditions: {}, ownerId: "1", removeSource: true };
    const answer = await this.#index.api.copyObject({ ...this.#index.mutation(), ...copy });
    assert.equal(answer.outcome === "ok", source?.bytes !== undefined);
    if (answer.outcome !== "ok") return;
    this.#add(to, { ...source!, id: answer.object.versionId });
    const marker = (await listEverything(this.#index)).find((version) => version.key === from);
    this.#hide(from, marker?.versionId);
  }

  #add(name: string, version: Version): void {
    this.#keys.set(name, [version, ...this.#of(name).filter(({ id }) => id !== "null" || version.id !== "null")]);
  }

  #hide(name: string, markerId: string | undefined): void {
    if (this.#versioning === undefined) this.#keys.delete(name);
    else this.#add(name, { id: markerId ?? "missing" });
  }

  #of(name: string): Version[] {
    return this.#keys.get(name) ?? [];
  }

  /** What the model says: all versions with their bytes, and every blob either held or freed, never both or twice. */
  expected(): Observation {
    const names = [...this.#keys.keys()].sort();
    const versions = names.flatMap((name) =>
      this.#of(name).map(({ id, bytes }, at) => ({ key: name, id, latest: at === 0, bytes })),
    );
    return { versions, keys: names.filter((name) => this.#of(name)[0]?.bytes), blobs: [...this.#made].sort() };
  }

  async observe(index: Fixture): Promise<Observation> {
    const versions: Observation["versions"][number][] = [];
    // Small pages, so that positions are tried as well.
    for (const { key: name, versionId: id, latest } of await listEverything(index, 2)) {
      versions.push({ key: name, id, latest, bytes: await this.#read(index, name, id) });
    }
    const held = new Set(versions.flatMap(({ bytes }) => (bytes && this.#made.has(bytes) ? [bytes] : [])));
    return { versions, keys: await index.listKeys(), blobs: [...held, ...(await listFreed(this.#index))].sort() };
  }

  async #read(index: Fixture, name: string, versionId: string): Promise<string | undefined> {
    const answer = await index.api.getObject({ ...index.call(), key: name, versionId, withBody: true });
    if (answer.outcome === "delete-marker") return undefined;
    if (answer.outcome !== "ok") throw new Error(answer.outcome);
    const { body } = answer;
    return body?.kind === "inline" ? new TextDecoder().decode(body.bytes) : body?.extents[0]?.blob;
  }
}

interface Observation {
  readonly versions: readonly { key: string; id: string; latest: boolean; bytes: string | undefined }[];
  readonly keys: readonly string[];
  readonly blobs: readonly string[];
}

async function listFreed(index: Fixture): Promise<string[]> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ freed: string }>("SELECT freed FROM journal WHERE freed IS NOT NULL")
      .toArray()
      .flatMap((row) => (JSON.parse(row.freed) as { id: string }[]).map(({ id }) => id)),
  );
}

describe("random operations on versions", () => {
  it("keep each version in its place with its bytes, free a blob once with its last version, and survive a rebuild", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = new Run(await createIndex());
        for (const next of steps) await run.take(next);
        expect(await run.observe(run.index)).toEqual(run.expected());
        expect(await run.observe(await rebuild(run.index))).toEqual(run.expected());
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
