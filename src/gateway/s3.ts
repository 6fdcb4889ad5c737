import type { Identity } from "../auth/identity.ts";
import { Keyring } from "../auth/kms/keyring.ts";
import type { Env } from "../env.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { AccessRequest } from "../lib/operation.ts";
import type { Payload } from "../lib/payload.ts";
import { Query } from "../lib/query.ts";
import {
  BucketBusyError,
  BucketClient,
  BucketGoneError,
  BucketReplacedError,
  ConfigurationRaceError,
  IndexOverloadedError,
} from "../metadata/bucket/client.ts";
import type { BucketDocuments } from "../metadata/bucket/documents.ts";
import type { BucketConfig } from "../metadata/bucket/protocol.ts";
import { indexStub } from "../metadata/bucket/shards.ts";
import type { BucketEntry } from "../metadata/registry/protocol.ts";
import { headerSectionTooLarge, MAX_HEADER_BYTES } from "../s3/attributes.ts";
import { checkAddressedName } from "../s3/bucket-name.ts";
import type { S3Call, S3Result } from "../s3/call.ts";
import { checkExpectedOwner, checkKey } from "../s3/checks.ts";
import type { ActingResource, ConditionSource } from "../s3/condition-keys.ts";
import { checkRequestPayer } from "../s3/config/request-payment.ts";
import { s3Error } from "../s3/errors.ts";
import { listAccessRequests, matchS3Operation } from "../s3/service.ts";
import { BlobStore } from "../storage/blob-store.ts";
import type { Address } from "./address.ts";
import { authenticate, type Authenticated, authenticateSigner } from "./authenticate.ts";
import { type CorsRules, withCors } from "./cors.ts";
import type { Deployment } from "./deployment.ts";
import { checkDestination } from "./destinations.ts";
import { describeEventContext } from "./event-context.ts";
import type { Incoming } from "./incoming.ts";
import { mergeHoistedHeaders } from "./hoisted-headers.ts";
import { planLimits } from "./plan-limits.ts";
import { requirePassRole } from "./principal-access.ts";
import { factsOf } from "./request-facts.ts";
import { S3Access } from "./s3-access.ts";
import { refuseUnsignedFlood } from "./unsigned-flood.ts";

export interface S3Request {
  readonly incoming: Incoming;
  readonly address: Extract<Address, { service: "s3" }>;
  readonly env: Env;
  readonly deployment: Deployment;
  readonly defer: (work: Promise<unknown>) => void;
  /** Told which operation it was, for metrics. */
  readonly onMatch: (operation: string) => void;
  /** Of a caller that another service of this deployment has authenticated, and on whose behalf it reads. */
  readonly identity?: Identity;
  /** What asks on behalf of such a caller, where policies may name it. */
  readonly actingFor?: ActingResource;
  /** Of such a caller's request, if it has one. */
  readonly payload?: Payload;
  /** Told what the request is about. */
  readonly trace?: RequestTrace;
}

/** What a request turned out to be about, for the bucket's access log. */
export interface RequestTrace {
  readonly bucketName: string;
  readonly key: string;
  /** Those that it opened; one may be there twice. */
  readonly buckets: BucketClient[];
  /** Absent until its credentials were found good. */
  identity?: Identity;
}

/** What opening a bucket takes. */
type BucketOpening = Pick<S3Request, "incoming" | "env" | "deployment" | "trace">;

/** On whose behalf a bucket is used, and for what. */
interface BucketUse {
  readonly operation: string;
  readonly identity: Identity;
  /** Of the request, those that stand in its query among them. */
  readonly headers: HeaderFields;
  /** Absent where it is for what anyone may learn. */
  readonly access?: S3Access;
  /** What has been allowed so far: the operation may add to it while it runs. */
  readonly accesses: readonly AccessRequest[];
}

/** Operations that have what they read judged (`S3Access`). */
const READS_OBJECT: ReadonlySet<string> = new Set(["GetObject", "HeadObject"]);
const ANONYMOUS: Identity = { kind: "anonymous" };
/** For what anyone may learn of a bucket. */
const NOBODY: BucketUse = { operation: "", identity: ANONYMOUS, headers: new Headers(), accesses: [] };
const NO_PAYLOAD: Payload = { stream: null, length: 0, trailerNames: [], trailers: new Map() };
/** Of a request, as wrangler.toml raises it: enough for one GET of 10,000 parts. */
const DEFAULT_SUBREQUESTS = 11_000;
/** Kept for the index, the Registry and the rate limiter. */
const RESERVED_SUBREQUESTS = 5;

/** The S3 pipeline: authenticate, match, look the bucket up, authorise, run. Throws a ServiceError, or what went wrong. */
export async function serveS3(request: S3Request): Promise<S3Result> {
  const { incoming, address } = request;
  const buckets = new Map<string, BucketClient>();
  // The answer to a preflight is about CORS itself.
  if (incoming.method === "OPTIONS" || address.bucket === "") return runOperation(request, buckets);
  const rules: CorsRules = {
    known: () => buckets.get(address.bucket)?.config.documents?.cors,
    async current() {
      const known = buckets.get(address.bucket);
      const bucket = known?.isConfirmed ? known : await openBucket(address.bucket, NOBODY, request);
      return (await bucket.currentConfig()).documents?.cors;
    },
  };
  return withCors(incoming, rules, () => runOperation(request, buckets));
}

/** What is configured of a bucket, for those who decide by it what anybody may see. */
export async function readDocuments(name: string, request: BucketOpening): Promise<BucketDocuments> {
  const bucket = await openBucket(name, NOBODY, request);
  return (await bucket.currentConfig()).documents ?? {};
}

/** A bucket as its index has it now; undefined where there is none. */
export async function findBucketConfig(name: string, request: BucketOpening): Promise<BucketConfig | undefined> {
  const entry = await request.deployment.directory.findBucket(name);
  if (entry?.state !== "active") return undefined;
  try {
    return await (await openBucket(name, NOBODY, request)).currentConfig();
  } catch (error) {
    if (error instanceof BucketGoneError) return undefined;
    throw error;
  }
}

async function runOperation(request: S3Request, buckets: Map<string, BucketClient>): Promise<S3Result> {
  const { incoming, address, deployment } = request;
  if (incoming.rawQuery.length > MAX_HEADER_BYTES) throw headerSectionTooLarge();
  const query = new Query(incoming.rawQuery);
  const headers = mergeHoistedHeaders(incoming.headers, query);
  const operation = matchS3Operation(incoming.method, address.bucket, address.key, query, headers);
  request.onMatch(operation.name);
  checkKey(address.key);
  const { identity, payload } = await identify(request);
  if (request.trace) request.trace.identity = identity;
  if (identity.kind === "anonymous") await refuseUnsignedFlood(request, address.bucket);
  const bucketNamed = (name: string): BucketClient => {
    const bucket = buckets.get(name);
    if (!bucket) throw new Error(`${operation.name} uses a bucket that its access does not name`);
    return bucket;
  };
  const access = new S3Access(
    conditionSource(request, identity, query, headers),
    address.bucket,
    deployment.directory,
    READS_OBJECT.has(operation.name),
  );
  const accesses: AccessRequest[] = [];
  const call: S3Call = {
    requestId: incoming.requestId,
    operation: operation.name,
    identity,
    bucketName: address.bucket,
    key: address.key,
    query,
    headers,
    payload,
    virtualHosted: address.virtualHosted,
    origin: incoming.origin,
    clientAddress: incoming.clientAddress,
    get bucket() {
      return bucketNamed(address.bucket);
    },
    bucketNamed,
    openUnauthorised: () => openBucket(address.bucket, NOBODY, request),
    findConfig: (name) => findBucketConfig(name, { incoming, env: request.env, deployment }),
    async authoriseSigner(signed, form, signerAccesses) {
      const signer = signed ? await authenticateSigner(signed, identity, deployment) : identity;
      if (request.trace) request.trace.identity = signer;
      const source = { ...conditionSource(request, signer, query, form), isForm: signed !== undefined };
      const signerAccess = new S3Access(source, address.bucket, deployment.directory);
      await authorise(call, signerAccess, signerAccesses, accesses, request, buckets);
      return { ...call, identity: signer };
    },
    async allows(entry) {
      const bucket = entry.bucket === undefined ? undefined : bucketNamed(entry.bucket);
      const refusal = access.isPlain(bucket?.config) ? undefined : await access.refuse(entry, bucket);
      // Decided again, like all that was allowed, when the index knows a newer configuration.
      if (!refusal) accesses.push(entry);
      // The answer is one of many; the audit hears of the first that was refused.
      else incoming.witness.error ??= refusal;
      return !refusal;
    },
    judge: (object) => access.judge(object, bucketNamed(address.bucket).config),
    hidesMissing: (key, bucket = bucketNamed(address.bucket)) => access.hidesMissing(key, bucket.config),
    checkPassRole: (roleArn) =>
      requirePassRole(
        request.env,
        factsOf(identity, incoming, deployment),
        roleArn,
        "s3.amazonaws.com",
        s3Error("InvalidRequest", { message: "The role cannot be assumed by Amazon S3." }),
      ),
    checkDestination: (destination, bucket) => checkDestination(request.env, destination, bucket, incoming),
    env: request.env,
    directory: deployment.directory,
    keyring: new Keyring(request.env),
    store: new BlobStore(request.env.BLOBS),
    settings: {
      region: deployment.region,
      maxReads: readLimit(request.env),
      openBuckets: request.env.VERGE_BUCKET_DEFAULTS === "open",
    },
    defer: request.defer,
  };
  await authorise(call, access, listAccessRequests(operation, call), accesses, request, buckets);
  try {
    return await operation.handle(call);
  } catch (error) {
    throw translate(error, call);
  }
}

/** A browser signs no preflight, even to a presigned URL: that signature covers the request that is to come. */
async function identify({ incoming, deployment, identity, payload = NO_PAYLOAD }: S3Request): Promise<Authenticated> {
  if (identity) return { identity, payload };
  if (incoming.method === "OPTIONS") return { identity: ANONYMOUS, payload: NO_PAYLOAD };
  return authenticate(incoming, ["s3"], deployment);
}

/** Allows every access request to the caller, or throws; leaves the buckets that they name in `buckets`. */
async function authorise(
  call: S3Call,
  access: S3Access,
  wanted: readonly AccessRequest[],
  allowed: AccessRequest[],
  request: S3Request,
  buckets: Map<string, BucketClient>,
): Promise<void> {
  allowed.push(...wanted);
  for (const each of wanted) {
    if (each.bucket !== undefined && !buckets.has(each.bucket)) {
      const { operation, headers } = call;
      const use = { operation, headers, identity: access.identity, access, accesses: allowed };
      buckets.set(each.bucket, await openBucket(each.bucket, use, request));
    }
    const bucket = each.bucket === undefined ? undefined : buckets.get(each.bucket);
    if (bucket) checkRequestPayer(access.identity, call.headers, bucket.config);
    if (!access.isPlain(bucket?.config)) await access.check(each, bucket);
  }
  const addressed = buckets.get(call.bucketName);
  if (addressed) checkExpectedOwner(call, "x-amz-expected-bucket-owner", addressed.config.accountId);
}

function conditionSource(
  { incoming, deployment, actingFor }: S3Request,
  identity: Identity,
  query: Query,
  headers: HeaderFields,
): ConditionSource {
  const { clientAddress, origin } = incoming;
  return { identity, query, headers, clientAddress, origin, region: deployment.region, actingFor };
}

async function openBucket(
  name: string,
  { operation, identity, headers, access, accesses }: BucketUse,
  { incoming, env, deployment, trace }: BucketOpening,
): Promise<BucketClient> {
  checkAddressedName(name);
  const findConfig = async () => configOf(await deployment.directory.findBucket(name), deployment);
  const config = await findConfig();
  if (!config) throw s3Error("NoSuchBucket", { detail: { BucketName: name } });
  const bucket: BucketClient = new BucketClient(
    config,
    {
      index: (bucketId, shard) => indexStub(env, bucketId, shard),
      findAgain: () => {
        deployment.directory.forgetBucket(name);
        return findConfig();
      },
      remember: (newer) => deployment.configurations.remember(newer),
      async decideAgain(newer) {
        if (!access) return;
        checkRequestPayer(identity, headers, newer);
        if (access.isPlain(newer)) return;
        for (const each of accesses) if (each.bucket === name) await access.check(each, bucket);
      },
      describeCause: () => describeEventContext(operation, identity, incoming),
    },
    deployment.configurations.find(config.bucketId) !== undefined,
  );
  trace?.buckets.push(bucket);
  return bucket;
}

/** The newest configuration that the isolate knows; what the Registry says of the name, if it knows none. */
function configOf(entry: BucketEntry | undefined, deployment: Deployment): BucketConfig | undefined {
  if (entry?.state !== "active") return undefined;
  const known = deployment.configurations.find(entry.bucketId);
  if (known) return known;
  const { bucketId, name, accountId, region, createdAt, shards } = entry;
  return { bucketId, revision: 1, name, accountId, region, createdAt, shards };
}

function readLimit(env: Env): number {
  return (planLimits(env)?.subrequests ?? DEFAULT_SUBREQUESTS) - RESERVED_SUBREQUESTS;
}

/** What the layers below report, in S3's terms. */
function translate(error: unknown, call: S3Call): unknown {
  if (error instanceof BucketGoneError) return s3Error("NoSuchBucket", { detail: { BucketName: call.bucketName } });
  if (error instanceof BucketBusyError || error instanceof BucketReplacedError) return s3Error("ServiceUnavailable");
  if (error instanceof IndexOverloadedError) return s3Error("SlowDown");
  if (error instanceof ConfigurationRaceError) return s3Error("OperationAborted");
  return error;
}
