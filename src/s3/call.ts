import type { Account, Identity } from "../auth/identity.ts";
import type { Keyring } from "../auth/kms/keyring.ts";
import type { SignedPolicy } from "../auth/post-policy.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { BucketClient } from "../metadata/bucket/client.ts";
import type { BucketConfig, ObjectRecord } from "../metadata/bucket/protocol.ts";
import type { Env } from "../env.ts";
import type { AccessRequest } from "../lib/operation.ts";
import type { Payload } from "../lib/payload.ts";
import type { Query } from "../lib/query.ts";
import type { XmlElement } from "../lib/xml.ts";
import type { Directory } from "../metadata/registry/directory.ts";
import type { BlobStore } from "../storage/blob-store.ts";

/** A decoded S3 request, as an operation sees it: no HTTP framework, no signature. */
export interface S3Call {
  readonly requestId: string;
  readonly operation: string;
  readonly identity: Identity;
  /** Empty at service level. */
  readonly bucketName: string;
  /** Decoded, taken literally; empty at bucket level. */
  readonly key: string;
  readonly query: Query;
  readonly headers: HeaderFields;
  readonly payload: Payload;
  /** The request came to `bucket.s3.<domain>`. */
  readonly virtualHosted: boolean;
  /** Scheme, host and path prefix of the request, for `Location` elements: `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** The addressed bucket; looked up and decided before the operation runs. */
  readonly bucket: BucketClient;
  /** A bucket that the operation's access requests name (a copy's source, and the addressed one). */
  bucketNamed(name: string): BucketClient;
  /**
   * For operations whose body carries its own credentials: authorises the signer of a policy, or the caller of
   * the request where the body has none, and answers their call. Until then the call has no bucket to use.
   * `form`: what the body says in place of headers.
   */
  authoriseSigner(
    signed: SignedPolicy | undefined,
    form: HeaderFields,
    accesses: readonly AccessRequest[],
  ): Promise<S3Call>;
  /** For operations whose body names what they are about: whether the caller may do this with it. */
  allows(access: AccessRequest): Promise<boolean>;
  /** To be called with an object that was read before anything of it is sent: throws unless the caller may read it. */
  judge(object: ObjectRecord): void;
  /** Whether the caller must not learn that a key of the bucket (the addressed one by default) does not exist. */
  hidesMissing(key: string, bucket?: BucketClient): boolean;
  /** The addressed bucket for what anyone may learn of it, its CORS rules; nothing was authorised. */
  openUnauthorised(): Promise<BucketClient>;
  /** A bucket that a document names, for what its index says of it now; nothing was authorised. Undefined: there is none. */
  findConfig(bucketName: string): Promise<BucketConfig | undefined>;
  /** For CreateBucket and DeleteBucket, which change names and make index objects. */
  readonly env: Pick<Env, "REGISTRY" | "BUCKET_INDEX">;
  /** Names of buckets and accounts in this deployment. */
  readonly directory: Directory;
  /** What S3 says of a destination of notifications that would not take the bucket's events; undefined when it does. */
  checkDestination(destination: string, bucket: BucketConfig): Promise<string | undefined>;
  /** @throws ServiceError AccessDenied unless the caller may hand the role to S3 */
  checkPassRole(roleArn: string): Promise<void>;
  /** The client's address where the platform tells it. */
  readonly clientAddress: string | undefined;
  /** KMS keys, for `aws:kms`. */
  readonly keyring: Keyring;
  /** Bodies, by blob id. */
  readonly store: BlobStore;
  readonly settings: S3Settings;
  /**
   * Lets work go on after the answer, or after the client hung up (consistency rule 9). That it fails is for
   * those who await it.
   */
  readonly defer: (work: Promise<unknown>) => void;
}

export interface S3Settings {
  readonly region: string;
  /** Most R2 reads that one request may make (the plan's subrequests, less those for the index). */
  readonly maxReads: number;
  /** New buckets take ACLs and block nothing. */
  readonly openBuckets: boolean;
}

/** What an operation answers. */
export interface S3Result {
  /** 200 where absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rendered with S3's namespace. */
  readonly xml?: XmlElement;
  readonly body?: ReadableStream<Uint8Array> | Uint8Array | null;
  /** Of the body in bytes, for those who do not just send it; the platform knows by itself what it sends. */
  readonly length?: number;
}

/** The account of a caller that has been authorised as one. */
export function callerAccount(call: S3Call): Account {
  if (call.identity.kind !== "account") throw new Error(`${call.operation} was allowed to an anonymous caller`);
  return call.identity.account;
}
