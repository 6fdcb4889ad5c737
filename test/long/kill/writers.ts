import { randomBytes, randomInt } from "node:crypto";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { ABSENT, type Address, contentOf, type KeyState, type Model, type OpenUpload } from "./model.ts";

/** One on four index objects, one on one. */
export const BUCKETS = { sharded: "kills-sharded", single: "kills-single" } as const;

const WRITERS = 200;
const KEYS_A_WRITER = { sharded: 4, single: 2 } as const;
const MIN_PART_BYTES = 5 * 1024 ** 2;

/** What the writers did until the kill. */
export interface Tally {
  /** Acknowledged writes by kind. */
  readonly acknowledged: Map<string, number>;
  /** Conditional writes that were refused, as they had to be. */
  refused: number;
  /** Answers that nobody expected, before the kill. */
  readonly complaints: string[];
}

interface Workload {
  readonly client: S3Client;
  readonly model: Model;
  readonly tally: Tally;
  readonly killed: AbortSignal;
  /** Called with the number of writes acknowledged so far. */
  readonly onAcknowledged: (count: number) => void;
}

/** Keeps 200 writes under way until `killed`; answers when the last of them has failed or ended. */
export async function writeUntilKilled(options: Omit<Workload, "tally">): Promise<Tally> {
  const tally: Tally = { acknowledged: new Map(), refused: 0, complaints: [] };
  const workload = { ...options, tally };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => runWriter(workload, listKeys(writer))));
  return tally;
}

export function countAcknowledged({ acknowledged }: Tally): number {
  return [...acknowledged.values()].reduce((sum, count) => sum + count, 0);
}

async function runWriter(workload: Workload, keys: readonly Address[]): Promise<void> {
  const { model, tally, killed } = workload;
  while (!killed.aborted) {
    const states = keys.map((key) => model.state(key)).filter((state) => !state.uncertain);
    const target = pick(states);
    if (!target) return;
    const kind = chooseKind(target);
    try {
      await writers[kind](workload, target, states);
      tally.acknowledged.set(kind, (tally.acknowledged.get(kind) ?? 0) + 1);
      workload.onAcknowledged(countAcknowledged(tally));
    } catch (error) {
      noteFailure(workload, target, kind, error);
    }
  }
}

/** A refusal says that nothing changed; without an answer the state stays uncertain. */
function noteFailure({ tally, killed }: Workload, target: KeyState, kind: WriteKind, error: unknown): void {
  const { name, $metadata: metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = metadata?.httpStatusCode ?? 0;
  if (status === 412 && kind === "wrong-match") {
    target.refuse();
    tally.refused += 1;
  } else if (!killed.aborted) {
    tally.complaints.push(`${kind} of ${target.address.key}: ${status} ${name} ${String(error)}`);
  }
}

type WriteKind =
  | "put"
  | "overwrite"
  | "multipart"
  | "large-multipart"
  | "copy"
  | "delete"
  | "match"
  | "wrong-match"
  | "none-match";
type Writer = (workload: Workload, target: KeyState, own: readonly KeyState[]) => Promise<void>;

const writers: Readonly<Record<WriteKind, Writer>> = {
  put: (workload, target) => put(workload, target, {}),
  overwrite: (workload, target) => put(workload, target, {}),
  match: (workload, target) => put(workload, target, { IfMatch: target.etag }),
  "wrong-match": (workload, target) => put(workload, target, { IfMatch: '"00000000000000000000000000000000"' }),
  "none-match": (workload, target) => put(workload, target, { IfNoneMatch: "*" }),
  multipart: (workload, target) => uploadParts(workload, target, [makeBody()]),
  "large-multipart": (workload, target) => uploadParts(workload, target, [randomBytes(MIN_PART_BYTES), makeBody()]),
  copy,
  delete: remove,
};

function chooseKind(target: KeyState): WriteKind {
  const dice = randomInt(100);
  if (dice < 12) return "multipart";
  if (dice < 15) return "large-multipart";
  if (dice < 38) return "copy";
  if (target.acknowledged === ABSENT) return dice < 60 ? "none-match" : "put";
  if (dice < 55) return "delete";
  if (dice < 70) return "match";
  return dice < 75 ? "wrong-match" : "overwrite";
}

async function put(
  { client }: Workload,
  target: KeyState,
  conditions: { readonly IfMatch?: string | undefined; readonly IfNoneMatch?: string },
): Promise<void> {
  const body = makeBody();
  target.begin(contentOf(body));
  const answer = await client.send(new PutObjectCommand({ ...toInput(target.address), Body: body, ...conditions }));
  target.acknowledge(answer.ETag);
}

async function uploadParts(
  { client, model }: Workload,
  target: KeyState,
  bodies: readonly Uint8Array[],
): Promise<void> {
  const object = toInput(target.address);
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const parts: OpenUpload["parts"][number][] = [];
  for (const [index, Body] of bodies.entries()) {
    const { ETag = "" } = await client.send(
      new UploadPartCommand({ ...object, UploadId, PartNumber: index + 1, Body }),
    );
    parts.push({ PartNumber: index + 1, ETag });
  }
  const upload: OpenUpload = {
    ...target.address,
    uploadId: UploadId ?? "",
    parts,
    content: contentOf(Buffer.concat(bodies)),
  };
  model.openUploads.add(upload);
  target.begin(upload.content);
  const etag = await completeUpload(client, upload);
  target.acknowledge(etag);
  model.openUploads.delete(upload);
}

/** Also after the restart, for uploads whose completion was not acknowledged. */
export async function completeUpload(client: S3Client, upload: OpenUpload): Promise<string | undefined> {
  const MultipartUpload = { Parts: [...upload.parts] };
  const input = { ...toInput(upload), UploadId: upload.uploadId, MultipartUpload };
  return (await client.send(new CompleteMultipartUploadCommand(input))).ETag;
}

/** Of another key of this writer, so that nobody changes the source meanwhile: in one index object, across two, across buckets. */
async function copy(workload: Workload, target: KeyState, own: readonly KeyState[]): Promise<void> {
  const source = pick(own.filter((state) => state !== target && state.acknowledged !== ABSENT));
  if (!source) return put(workload, target, {});
  target.begin(source.acknowledged);
  const { bucket, key } = source.address;
  const input = { ...toInput(target.address), CopySource: `${bucket}/${key}` };
  const answer = await workload.client.send(new CopyObjectCommand(input));
  target.acknowledge(answer.CopyObjectResult?.ETag);
}

async function remove({ client }: Workload, target: KeyState): Promise<void> {
  target.begin(ABSENT);
  await client.send(new DeleteObjectCommand(toInput(target.address)));
  target.acknowledge(undefined);
}

function listKeys(writer: number): Address[] {
  return (["sharded", "single"] as const).flatMap((kind) =>
    Array.from({ length: KEYS_A_WRITER[kind] }, (_, index) => ({
      bucket: BUCKETS[kind],
      key: `writer-${String(writer).padStart(3, "0")}/${index}`,
    })),
  );
}

function toInput({ bucket, key }: Address): { Bucket: string; Key: string } {
  return { Bucket: bucket, Key: key };
}

/** 100 bytes to 1 MB, each order of magnitude equally often. */
function makeBody(): Uint8Array {
  return randomBytes(Math.round(100 * 10_000 ** Math.random()));
}

function pick<Item>(items: readonly Item[]): Item | undefined {
  return items.length === 0 ? undefined : items[randomInt(items.length)];
}
