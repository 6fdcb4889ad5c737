import type { Env } from "../../env.ts";
import type { HeaderFields } from "../../lib/header-fields.ts";
import { readCopySource } from "../../s3/copy-source.ts";
import type { Incoming } from "../incoming.ts";
import type { RequestTrace } from "../s3.ts";
import { accessRecorderOf } from "./recorder.ts";
import type { AccessRecord } from "./line.ts";
import { nameOperation } from "./operation-names.ts";

/** A request that has been answered. */
export interface AnsweredRequest {
  readonly request: Request;
  readonly incoming: Incoming;
  readonly env: Env;
  readonly trace: RequestTrace;
  readonly operation: string;
  readonly response: Response;
  readonly errorCode: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly defer: (work: Promise<unknown>) => void;
}

const READS: ReadonlySet<string> = new Set(["GetObject", "HeadObject", "Website"]);
const UPLOADS: ReadonlySet<string> = new Set(["PutObject", "UploadPart"]);

/** Leaves a record in the access log of each bucket of the request that has one. Nobody waits for it. */
export function logAccess(answered: AnsweredRequest): void {
  const { trace } = answered;
  const logged = new Map<string, RequestTrace["buckets"][number]>();
  for (const bucket of trace.buckets) if (bucket.config.documents?.logging) logged.set(bucket.config.name, bucket);
  if (logged.size === 0) return;
  const work = record(answered, Date.now() - answered.startedAt, [...logged.values()]);
  answered.defer(work);
}

async function record(
  answered: AnsweredRequest,
  milliseconds: number,
  buckets: RequestTrace["buckets"],
): Promise<void> {
  const { request, incoming, env, trace, response, errorCode, startedAt, defer } = answered;
  const bytesSent = await measureBody(incoming, response);
  const common = {
    time: startedAt,
    incoming,
    status: response.status,
    milliseconds,
    ...(trace.identity && { identity: trace.identity }),
    ...(errorCode !== undefined && { errorCode }),
    ...(request.cf && { connection: request.cf as NonNullable<AccessRecord["connection"]> }),
  };
  for (const { config } of buckets) {
    const about = config.name === trace.bucketName ? describeTarget(answered) : describeSource(incoming);
    const { key, operation } = about;
    if (key === undefined) continue;
    const line: AccessRecord = { ...common, ...about, key, operation, bytesSent, bucket: config.name };
    accessRecorderOf(env).record({ source: config, record: line }, defer);
  }
}

type About = Pick<AccessRecord, "operation" | "objectSize" | "versionId"> & { readonly key: string | undefined };

function describeTarget({ incoming, operation, trace, response }: AnsweredRequest): About {
  const { rawQuery, method } = incoming;
  const versionId = new URLSearchParams(rawQuery).get("versionId");
  const objectSize = readObjectSize(operation, incoming.headers, response);
  const [subResource = ""] = rawQuery.split(/[=&]/, 1);
  return {
    key: trace.key,
    operation: nameOperation(operation, method, subResource, trace.key),
    ...(versionId !== null && { versionId }),
    ...(objectSize !== undefined && { objectSize }),
  };
}

/** Of the bucket that a copy reads: S3 tells its log as well. */
function describeSource({ headers }: Incoming): About {
  const operation = "REST.COPY.OBJECT_GET";
  if (!headers.has("x-amz-copy-source")) return { key: undefined, operation };
  const { key, versionId } = readCopySource({ headers });
  return { key, operation, ...(versionId !== undefined && { versionId }) };
}

function readObjectSize(operation: string, sent: HeaderFields, { status, headers }: Response): number | undefined {
  if (UPLOADS.has(operation)) return toNumber(sent.get("x-amz-decoded-content-length") ?? sent.get("content-length"));
  if (!READS.has(operation) || status >= 300) return undefined;
  const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  return toNumber(total ?? headers.get("content-length"));
}

/** Bytes of the answer's body. Those of objects say their length; documents are in memory. */
async function measureBody({ method }: Incoming, response: Response): Promise<number> {
  if (method === "HEAD" || !response.body) return 0;
  const length = toNumber(response.headers.get("content-length"));
  if (length !== undefined) return length;
  let bytes = 0;
  for await (const chunk of response.clone().body!) bytes += (chunk as Uint8Array).byteLength;
  return bytes;
}

function toNumber(text: string | null): number | undefined {
  return text === null || !/^\d+$/.test(text) ? undefined : Number(text);
}
