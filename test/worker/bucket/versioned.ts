import { runInDurableObject } from "cloudflare:test";
import type { BucketDocuments } from "../../../src/metadata/bucket/documents.ts";
import type { ListedVersion } from "../../../src/metadata/bucket/list-versions.ts";
import type { DeleteItem } from "../../../src/metadata/bucket/deletes.ts";
import { buildSegment } from "../../../src/metadata/bucket/segments.ts";
import { createIndex, expectOutcome, type Fixture, useIndex } from "./index-fixture.ts";

export const ENABLED: BucketDocuments = { versioning: "Enabled" };
export const SUSPENDED: BucketDocuments = { versioning: "Suspended" };

/** The same index object after a change of what is configured of its bucket. */
export async function configure(index: Fixture, documents: BucketDocuments): Promise<Fixture> {
  const { revision } = index.config;
  const config = { ...index.config, revision: revision + 1, documents };
  expectOutcome(await index.api.changeConfig({ revision, config }), "ok");
  return useIndex(config, index.shard);
}

export async function createVersioned(documents: BucketDocuments = ENABLED): Promise<Fixture> {
  return configure(await createIndex(), documents);
}

/** Puts a version and answers its id. */
export async function putVersion(index: Fixture, key: string, ...options: PutRest): Promise<string> {
  return expectOutcome(await index.put(key, ...options), "ok").object.versionId;
}
type PutRest = Parameters<Fixture["put"]> extends [string, ...infer Rest] ? Rest : never;

/** Deletes one item, and answers what became of it. */
export async function remove(index: Fixture, item: DeleteItem, bypassGovernance = false) {
  const call = { ...index.mutation(), items: [item], bypassGovernance, ownerId: "000000000001" };
  return expectOutcome(await index.api.deleteObjects(call), "ok").results[0]!;
}

/** All versions and delete markers, in the order of the listing. */
export async function listEverything(index: Fixture, limit = 1000): Promise<ListedVersion[]> {
  const seen: ListedVersion[] = [];
  let position: { afterKey: string; afterVersionId?: string } = { afterKey: "" };
  for (;;) {
    const call = { ...index.call(), prefix: "", delimiter: "", limit, ...position };
    const page = expectOutcome(await index.api.listVersions(call), "ok");
    for (const entry of page.entries) if ("version" in entry) seen.push(entry.version);
    const last = seen.at(-1);
    if (!page.truncated || !last) return seen;
    position = { afterKey: last.key, afterVersionId: last.versionId };
  }
}

/** An index object that was built anew from what this one would export now. */
export async function rebuild(index: Fixture): Promise<Fixture> {
  const text = await runInDurableObject(index.stub, (_, { storage: { sql } }) => {
    return buildSegment(sql, index.config, index.shard, Date.now())?.text ?? "";
  });
  const copy = useIndex({ ...index.config, bucketId: crypto.randomUUID() }, index.shard);
  await copy.stub.beginRestore(copy.config, copy.shard);
  await copy.stub.restoreLines(text.split("\n").filter((line) => line !== ""));
  await copy.stub.finishRestore();
  return copy;
}
