import { aclsCount } from "../../auth/policy/bucket-documents.ts";
import { mayDeliverLogs } from "../../auth/policy/log-delivery.ts";
import type { Env } from "../../env.ts";
import type { BucketLogging } from "../../metadata/bucket/documents.ts";
import type { BucketConfig } from "../../metadata/bucket/protocol.ts";
import { formatGrantHeaders } from "../../s3/acl/grants.ts";
import { findBucketFor, sendToBucket } from "../act-on-bucket.ts";
import { deploymentOf } from "../deployment.ts";
import type { GatheredRecord } from "./recorder.ts";

const MAX_ATTEMPTS = 3;
const encoder = new TextEncoder();

/** What of the records belongs into one object. */
interface LogObject {
  readonly source: BucketConfig;
  readonly logging: BucketLogging;
  readonly records: readonly GatheredRecord[];
}

/** Writes records into the target buckets of their sources. What cannot be written is lost, which the Worker's log says. */
export async function deliverRecords(env: Env, records: readonly GatheredRecord[]): Promise<void> {
  const now = Date.now();
  const objects = [...Map.groupBy(records, objectOf).values()].map((own): LogObject => {
    const { source } = own[0]!;
    return { source, logging: source.documents!.logging!, records: own };
  });
  await Promise.all(
    objects.map(async (object) => {
      try {
        await deliver(env, object, now);
      } catch (error) {
        console.error(`${describe(object)} were not stored: ${String(error)}`);
      }
    }),
  );
}

/** Objects by the time of events are of one day each. */
function objectOf({ source, time }: GatheredRecord): string {
  const logging = source.documents?.logging;
  const day = logging?.keyFormat === "event-time" ? dayOf(time) : "";
  return JSON.stringify([source.bucketId, logging, day]);
}

async function deliver(env: Env, object: LogObject, now: number): Promise<void> {
  const { source, logging, records } = object;
  const deployment = deploymentOf(env);
  const target = await findBucketFor({ env, deployment }, logging.targetBucket);
  const owner = await deployment.directory.findAccount(source.accountId);
  if (!target || !owner || target.accountId !== owner.id || !mayDeliverLogs(target, logging.targetPrefix, source)) {
    console.warn(`${describe(object)} were dropped: ${logging.targetBucket} does not take them`);
    return;
  }
  const bytes = encoder.encode(records.map(({ line }) => `${owner.canonicalId} ${line}\n`).join(""));
  const grants = aclsCount(target) ? formatGrantHeaders(logging.grants ?? []) : {};
  const headers = { "content-type": "text/plain", "content-length": String(bytes.byteLength), ...grants };
  const key = makeKey(object, now);
  const actor = { env, deployment, defer: (work: Promise<unknown>) => void work.catch(() => undefined) };
  for (let attempt = 1; ; attempt++) {
    try {
      const identity = { kind: "account", account: owner, accessKeyId: "" } as const;
      await sendToBucket(
        actor,
        identity,
        "PUT",
        { bucket: target.name, key },
        { bytes, headers: new Headers(headers) },
      );
      return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** The forms that TargetObjectKeyFormat names. */
function makeKey({ source, logging, records }: LogObject, now: number): string {
  const { targetPrefix, keyFormat = "simple" } = logging;
  const unique = crypto.randomUUID().replaceAll("-", "").slice(0, 16).toUpperCase();
  const time =
    keyFormat === "event-time"
      ? `${dayOf(records[0]!.time)}-00-00-00`
      : new Date(now).toISOString().slice(0, 19).replace(/[T:]/g, "-");
  if (keyFormat === "simple") return `${targetPrefix}${time}-${unique}`;
  const partition = `${source.accountId}/${source.region}/${source.name}/${time.slice(0, 10).replaceAll("-", "/")}`;
  return `${targetPrefix}${partition}/${time}-${unique}`;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function describe({ source, records }: LogObject): string {
  return `${records.length} access records of bucket ${source.name}`;
}
