import { runInDurableObject } from "cloudflare:test";
import type { BucketDocuments } from "../../../src/metadata/bucket/documents.ts";
import type { ReplicaCall, ReplicaOutcome } from "../../../src/metadata/bucket/replicas.ts";
import type { ReplicationRule } from "../../../src/metadata/bucket/replication-rules.ts";
import { mintVersionId } from "../../../src/lib/version-id.ts";
import { type Fixture, inline, makeObject } from "./index-fixture.ts";
import { describeContext } from "./subscribed.ts";
import { ENABLED } from "./versioned.ts";

export const toBucket = (bucket: string, rest: Partial<ReplicationRule> = {}): ReplicationRule => ({
  id: `to-${bucket}`,
  enabled: true,
  priority: 1,
  filter: { form: "one" },
  deleteMarkers: "Enabled",
  destination: { bucket },
  ...rest,
});

/** What is configured of a bucket with these rules. */
export const replicating = (...rules: ReplicationRule[]): BucketDocuments => ({
  ...ENABLED,
  replication: { role: "arn:aws:iam::000000000001:role/replicator", rules },
});

/** Of another index, whose sequences say nothing here. */
export interface Arrival {
  readonly versionId: string;
  /** Minutes. */
  readonly at: number;
}

let made = 0;

export function mintArrival(at: number): Arrival {
  made += 1;
  return { versionId: mintVersionId(1_000_000 + made), at };
}

export function arrive(
  index: Fixture,
  { versionId, at }: Arrival,
  { change = 1, tag, kind = "object" }: { change?: number; tag?: string; kind?: "object" | "change" | "marker" } = {},
): Promise<ReplicaOutcome> {
  const modifiedAt = at * 60_000;
  const { attributes, ...object } = makeObject("k");
  const tagged = { ...attributes, ...(tag !== undefined && { tags: [{ key: "tag", value: tag }] }) };
  const replicated = { ...object, size: 1, versionId, modifiedAt, attributes: tagged };
  const replicas: Record<typeof kind, ReplicaCall["replica"]> = {
    object: { kind: "object", object: replicated, body: inline(String(at)) },
    change: { kind: "change", object: replicated },
    marker: { kind: "marker", marker: { key: "k", versionId, modifiedAt, ownerId: "1" } },
  };
  const call = { change, replica: replicas[kind], keepsAcl: false, eventContext: describeContext("PutObject") };
  return index.stub.putReplica(call);
}

/** Rows that wait. */
export function countReplications(index: Fixture): Promise<number> {
  return runInDurableObject(index.stub, (_, { storage: { sql } }) =>
    Number(sql.exec("SELECT count(*) AS n FROM replications").one()["n"]),
  );
}
