import type { JobMessage } from "./jobs/messages.ts";
import type { FunctionHostApi } from "./lambda/runtime/remote/wire.ts";
import type { BucketIndex } from "./metadata/bucket/bucket-index.ts";
import type { EventsMessage } from "./metadata/function/events-protocol.ts";
import type { FunctionEvents } from "./metadata/function/function-events.ts";
import type { CdnRegistry } from "./metadata/cdn/cdn-registry.ts";
import type { CdnTraffic } from "./metadata/cdn-traffic/cdn-traffic.ts";
import type { OriginShield } from "./gateway/origin-shield.ts";
import type { Distribution } from "./metadata/cdn/distribution.ts";
import type { FunctionExecutions } from "./metadata/function/executions.ts";
import type { FunctionRegistry } from "./metadata/function/function-registry.ts";
import type { KmsKeys } from "./metadata/kms/kms-keys.ts";
import type { IamAccount } from "./metadata/iam/iam-account.ts";
import type { LogIndex } from "./metadata/logs/log-index.ts";
import type { ConsumerMessage } from "./metadata/queue/protocol.ts";
import type { QueueDirectory } from "./metadata/queue/directory.ts";
import type { Queue as QueueObject } from "./metadata/queue/queue-object.ts";
import type { Registry } from "./metadata/registry/registry.ts";
import type { AuditTrail } from "./metadata/trail/audit-trail.ts";
import type { Schedules } from "./metadata/schedule/schedules-object.ts";

/**
 * The bindings of `wrangler.toml` and the secrets and settings of a deployment. Written by hand:
 * secrets are optional here because a deployment may lack them, which `checkDeployment` refuses.
 */
export interface Env {
  readonly BLOBS: R2Bucket;
  readonly BUCKET_INDEX: DurableObjectNamespace<BucketIndex>;
  readonly REGISTRY: DurableObjectNamespace<Registry>;
  readonly FUNCTION_REGISTRY: DurableObjectNamespace<FunctionRegistry>;
  readonly FUNCTION_EXECUTIONS: DurableObjectNamespace<FunctionExecutions>;
  readonly FUNCTION_EVENTS: DurableObjectNamespace<FunctionEvents>;
  readonly CDN_REGISTRY: DurableObjectNamespace<CdnRegistry>;
  readonly DISTRIBUTION: DurableObjectNamespace<Distribution>;
  readonly CDN_TRAFFIC: DurableObjectNamespace<CdnTraffic>;
  readonly ORIGIN_SHIELD: DurableObjectNamespace<OriginShield>;
  readonly SCHEDULES: DurableObjectNamespace<Schedules>;
  readonly QUEUES: DurableObjectNamespace<QueueObject>;
  readonly QUEUE_DIRECTORY: DurableObjectNamespace<QueueDirectory>;
  readonly IAM_ACCOUNTS: DurableObjectNamespace<IamAccount>;
  readonly LOG_INDEX: DurableObjectNamespace<LogIndex>;
  readonly KMS_KEYS: DurableObjectNamespace<KmsKeys>;
  readonly AUDIT_TRAILS: DurableObjectNamespace<AuditTrail>;
  /** Isolates in which functions run. */
  readonly LOADER: WorkerLoader;
  /** Locally: the network without private addresses, where names are resolved. The platform's own is so by itself. */
  readonly PUBLIC_NETWORK?: Fetcher;
  /** Locally: the process in which functions run instead of here, and who watches over it (docs/decisions/0017). */
  readonly FUNCTION_HOST?: Fetcher & FunctionHostApi;
  readonly FUNCTION_SUPERVISOR?: Fetcher;
  /** Wakes those who run asynchronous invocations. */
  readonly INVOCATIONS: Queue<EventsMessage | ConsumerMessage>;
  /**
   * Locally: the queue delivers one batch after the other, as Miniflare's does, so that messages are acknowledged
   * before their work is done. Any text; the platform's queue delivers side by side.
   */
  readonly VERGE_SERIAL_QUEUE?: string;
  /** Locally: clients reach the Worker without Cloudflare in between, so that no header proves their address. Any text. */
  readonly VERGE_DIRECT_CLIENTS?: string;
  /** Work of the store that outlives a request. */
  readonly BACKGROUND: Queue<JobMessage>;
  /** The static pages below `/_verge/`. */
  readonly ASSETS: Fetcher;
  /** Absent where the platform has none. */
  readonly UNSIGNED_MISSES?: RateLimit;
  /** Requests in ten seconds that protection of distributions may allow (docs/cdn.md). Absent where the platform has none. */
  readonly CDN_LIMIT_10?: RateLimit;
  readonly CDN_LIMIT_100?: RateLimit;
  readonly CDN_LIMIT_1000?: RateLimit;
  readonly METRICS?: AnalyticsEngineDataset;
  /** Host whose sub-hosts are `<bucket>.s3.<domain>` and so on. */
  readonly VERGE_DOMAIN?: string;
  /**
   * Origin of this deployment as functions are told it (`AWS_ENDPOINT_URL`): `https://verge.example.com`. Their
   * calls to it never leave the Worker, whatever it is; what they sign for others should work outside.
   */
  readonly VERGE_ENDPOINT?: string;
  /**
   * Which hosts accounts may name as aliases of distributions, with all below them, each for all accounts or for one:
   * `example.com, example.org=123456789012`. Without it the root account may name any, and the others none.
   */
  readonly VERGE_CDN_ALIASES?: string;
  /** `https`: viewers of distributions count as having come by HTTPS, since TLS ends in front of this deployment. */
  readonly VERGE_CDN_PROTOCOL?: string;
  /** `workers-cache`: origin shields are an entrypoint behind Workers Cache, not objects (docs/cdn.md). */
  readonly VERGE_ORIGIN_SHIELD?: string;
  /** The one region of the deployment. */
  readonly VERGE_REGION?: string;
  /** `secure`, or `open`: new buckets take ACLs and block no public access, as before April 2023. */
  readonly VERGE_BUCKET_DEFAULTS?: string;
  /** `free` or `paid`: the Workers plan, whose limit on subrequests reads of many parts must respect. */
  readonly VERGE_LIMITS?: string;
  /** How often an index writes its journal to R2, in seconds; 60 by default. */
  readonly VERGE_EXPORT_INTERVAL_SECONDS?: string;
  /** How long an isolate gathers log lines of functions, and records of access, in seconds; 5 and 20 by default. */
  readonly VERGE_LOG_INTERVAL_SECONDS?: string;
  /** How long an isolate gathers records for the audit trail, in seconds; 1 by default. */
  readonly VERGE_AUDIT_INTERVAL_SECONDS?: string;
  /** How many days audit trails go back; 90 by default. */
  readonly VERGE_AUDIT_DAYS?: string;
  /** How many records the audit trail of an account keeps, of each kind; 40,000 by default. */
  readonly VERGE_AUDIT_EVENTS?: string;
  /** How long bytes outlive their last reference, in seconds; 30 days by default. */
  readonly VERGE_RECOVERY_WINDOW_SECONDS?: string;
  /** Length of a day in lifecycle rules, in seconds; 86,400 by default. */
  readonly VERGE_LIFECYCLE_DAY_SECONDS?: string;
  /** Bytes of database from which on an index moves small bodies to R2; 1 GiB by default. */
  readonly VERGE_PACK_BYTES?: string;
  /** How long an asynchronous invocation that has failed waits before it is repeated, in seconds; 60 by default. */
  readonly VERGE_ASYNC_RETRY_SECONDS?: string;
  /** Secret: the access key of the root account. */
  readonly VERGE_ROOT_ACCESS_KEY_ID?: string;
  /** Secret: its secret key. */
  readonly VERGE_ROOT_SECRET_ACCESS_KEY?: string;
  /** Secret: encrypts what is secret at rest, and tags generated access-key ids. */
  readonly VERGE_MASTER_KEY?: string;
}
