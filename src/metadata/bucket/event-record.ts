import type { BucketConfig } from "./protocol.ts";

/** Who caused a change, and by which request. */
export interface EventContext {
  /** Of S3's API, `CopyObject`. */
  readonly operation: string;
  readonly requestId: string;
  readonly hostId: string;
  /** `AWS:123456789012` */
  readonly principalId: string;
  readonly sourceAddress: string;
  /** `x-amzn-trace-id` of the request, by which Lambda finds loops. */
  readonly traceHeader?: string;
}

/** Those whom a bucket notifies, and what they are told of every change of one request. */
export interface Audience {
  readonly config: BucketConfig;
  readonly context: EventContext;
}

/** An object as far as the event knows it. */
export interface EventObject {
  readonly key: string;
  /** `null`, the word, is none. */
  readonly versionId?: string;
  readonly size?: number;
  readonly etag?: string;
  /** Of one that did not arrive: by which rule it was to go, and where. */
  readonly replication?: {
    readonly replicationRuleId: string;
    /** ARN. */
    readonly destinationBucket: string;
    readonly s3Operation: string;
    readonly failureReason: string;
  };
  /** Where a lifecycle rule has moved it. */
  readonly destinationStorageClass?: string;
}

/** What happened: the event's name without `s3:`, when, and where in the order of the index's changes. */
export interface Happening {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly sequence: number;
  /** Among the events of one change. */
  readonly position: number;
}

/** Events whose record has the later form (S3 User Guide, "Event message structure"). */
const LATER_FORM = /^(ObjectTagging|ObjectAcl|LifecycleExpiration|LifecycleTransition|IntelligentTiering):?/;
/** What S3 says of delete markers. */
const MD5_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e";
const SEQUENCE_DIGITS = 14;
const POSITION_DIGITS = 4;

/** The message about one event, as JSON text: one record, of version 2.1, 2.2 or 2.3. */
export function describeEvent(
  { config, context }: Audience,
  configurationId: string,
  happening: Happening,
  object: EventObject,
): string {
  const { name, at } = happening;
  const record = {
    eventVersion: versionOf(name),
    eventSource: "aws:s3",
    awsRegion: config.region,
    eventTime: new Date(at).toISOString(),
    eventName: name,
    userIdentity: { principalId: context.principalId },
    requestParameters: { sourceIPAddress: context.sourceAddress },
    responseElements: { "x-amz-request-id": context.requestId, "x-amz-id-2": context.hostId },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId,
      bucket: {
        name: config.name,
        ownerIdentity: { principalId: config.accountId },
        arn: `arn:aws:s3:::${config.name}`,
      },
      object: describeObject(happening, object),
    },
    ...(object.replication && {
      replicationEventData: { ...object.replication, requestTime: new Date(at).toISOString() },
    }),
    ...(object.destinationStorageClass !== undefined && {
      lifecycleEventData: { transitionEventData: { destinationStorageClass: object.destinationStorageClass } },
    }),
  };
  return JSON.stringify({ Records: [record] });
}

function versionOf(name: string): string {
  if (name.startsWith("Replication:")) return "2.2";
  return LATER_FORM.test(name) ? "2.3" : "2.1";
}

function describeObject(happening: Happening, object: EventObject): object {
  const { key, size, versionId } = object;
  const etag = happening.name.endsWith("DeleteMarkerCreated") ? MD5_OF_NOTHING : object.etag;
  return {
    key: encodeEventKey(key),
    ...(size !== undefined && { size }),
    ...(etag !== undefined && { eTag: etag }),
    ...(versionId !== undefined && versionId !== "null" && { versionId }),
    // Tags have no order of their own on S3.
    ...(!happening.name.startsWith("ObjectTagging") && { sequencer: formatSequencer(happening) }),
  };
}

/** Hexadecimal digits that order the events of one key. */
function formatSequencer({ sequence, position }: Happening): string {
  const digits = (value: number, length: number) => value.toString(16).toUpperCase().padStart(length, "0");
  return digits(sequence, SEQUENCE_DIGITS) + digits(position, POSITION_DIGITS);
}

/** As `java.net.URLEncoder` does, which is what S3's keys come out of: a space is `+`, `/` stays. */
function encodeEventKey(key: string): string {
  return encodeURIComponent(key)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
