import type { Account, Identity } from "../auth/identity.ts";
import type { BucketClient } from "../metadata/bucket/client.ts";
import type { Payload } from "../lib/payload.ts";
import type { Query } from "../lib/query.ts";
import type { Element } from "../lib/xml.ts";
import type { BodyReader } from "../storage/body-cache.ts";
import type { BucketDirectory } from "./directory.ts";

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
  readonly headers: Headers;
  readonly payload: Payload;
  /** The request came to `bucket.s3.<domain>`. */
  readonly virtualHosted: boolean;
  /** Scheme, host and path prefix of the request, for `Location` elements: `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** The addressed bucket; throws NoSuchBucket when it does not exist. Decided and looked up before the operation runs. */
  readonly bucket: BucketClient;
  /** Another bucket by name, decided under this call's identity (copy sources). */
  openBucket(name: string): Promise<BucketClient>;
  readonly directory: BucketDirectory;
  readonly blobs: R2Port;
  readonly bodies: BodyReader;
  readonly settings: S3Settings;
  /** Lets work go on after the answer, or after the client hung up (consistency rule 9). */
  defer(work: Promise<unknown>): void;
}

/** The bucket that holds blobs; only `storage/` calls it. */
export type R2Port = R2Bucket;

export interface S3Settings {
  readonly region: string;
  /** Most R2 reads that one request may make (the plan's subrequests, less those for the index). */
  readonly maxReads: number;
}

/** What an operation answers. */
export interface S3Result {
  /** 200 where absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rendered with S3's namespace. */
  readonly xml?: Element;
  readonly body?: ReadableStream<Uint8Array> | Uint8Array | null;
}

/** The account of a caller that has been authorised as one. */
export function callerAccount(call: S3Call): Account {
  if (call.identity.kind !== "account") throw new Error(`${call.operation} was allowed to an anonymous caller`);
  return call.identity.account;
}
