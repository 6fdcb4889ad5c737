import type { Subscription } from "../../metadata/bucket/documents.ts";
import { coversEvent, decodeFilterValue } from "../../metadata/bucket/subscriptions.ts";
import { invalidArgument, s3Error } from "../errors.ts";

/** "Supported event types for SQS, SNS, and Lambda" in the S3 User Guide. */
const EVENTS: ReadonlySet<string> = new Set([
  "s3:ReducedRedundancyLostObject",
  "s3:ObjectCreated:*",
  "s3:ObjectCreated:Put",
  "s3:ObjectCreated:Post",
  "s3:ObjectCreated:Copy",
  "s3:ObjectCreated:CompleteMultipartUpload",
  "s3:ObjectRemoved:*",
  "s3:ObjectRemoved:Delete",
  "s3:ObjectRemoved:DeleteMarkerCreated",
  "s3:ObjectRestore:*",
  "s3:ObjectRestore:Post",
  "s3:ObjectRestore:Completed",
  "s3:ObjectRestore:Delete",
  "s3:Replication:*",
  "s3:Replication:OperationFailedReplication",
  "s3:Replication:OperationNotTracked",
  "s3:Replication:OperationMissedThreshold",
  "s3:Replication:OperationReplicatedAfterThreshold",
  "s3:LifecycleTransition",
  "s3:IntelligentTiering",
  "s3:ObjectAcl:Put",
  "s3:LifecycleExpiration:*",
  "s3:LifecycleExpiration:Delete",
  "s3:LifecycleExpiration:DeleteMarkerCreated",
  "s3:ObjectTagging:*",
  "s3:ObjectTagging:Put",
  "s3:ObjectTagging:Delete",
]);

/** "Amazon S3 service quotas": event notifications a bucket. */
const MAX_SUBSCRIPTIONS = 100;
const MAX_ID_CHARACTERS = 255;
const MAX_FILTER_BYTES = 1024;

/** Throws what S3 says of subscriptions that it does not take, whatever their destinations are. */
export function checkSubscriptions(subscriptions: readonly Subscription[], region: string): void {
  if (subscriptions.length > MAX_SUBSCRIPTIONS) {
    throw s3Error("InvalidRequest", {
      message: `The number of event notifications should not exceed allowed limit of ${MAX_SUBSCRIPTIONS}.`,
    });
  }
  const ids = new Set<string>();
  for (const subscription of subscriptions) {
    checkSubscription(subscription, region);
    if (ids.has(subscription.id)) {
      throw invalidArgument("Same ID used for multiple configurations. IDs must be unique", "Id", subscription.id);
    }
    ids.add(subscription.id);
  }
  for (const [position, one] of subscriptions.entries()) {
    for (const other of subscriptions.slice(position + 1)) checkPair(one, other);
  }
}

function checkSubscription({ id, events, destination, prefix, suffix }: Subscription, region: string): void {
  if (id.length > MAX_ID_CHARACTERS) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${MAX_ID_CHARACTERS}`, "Id", id);
  }
  const unknown = events.find((event) => !EVENTS.has(event));
  if (unknown !== undefined) {
    throw invalidArgument("The event is not supported for notifications", "Event", unknown);
  }
  for (const value of [prefix, suffix]) {
    if (value === undefined || Buffer.byteLength(value) <= MAX_FILTER_BYTES) continue;
    throw invalidArgument(
      `Size of filter rule value cannot exceed ${MAX_FILTER_BYTES} bytes in UTF-8 representation`,
      "FilterRule.Value",
      value,
    );
  }
  if (destination.split(":")[3] !== region) {
    throw invalidArgument(
      "The notification destination service region is not valid for the bucket location constraint",
      "Destination",
      destination,
    );
  }
}

/** One event must never concern two subscriptions. */
function checkPair(one: Subscription, other: Subscription): void {
  const shared = findSharedEvents(one, other);
  if (!shared || !sharesKeys(one, other)) return;
  const isFiltered = [one, other].some(({ prefix, suffix }) => prefix !== undefined || suffix !== undefined);
  throw invalidArgument(
    isFiltered
      ? "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
      : "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
    "Event",
    shared.join(", "),
  );
}

function findSharedEvents(one: Subscription, other: Subscription): readonly [string, string] | undefined {
  for (const event of one.events) {
    const shared = other.events.find((second) => coversEvent(event, second) || coversEvent(second, event));
    if (shared !== undefined) return [event, shared];
  }
  return undefined;
}

/** Whether a key can have both prefixes and both suffixes. */
function sharesKeys(one: Subscription, other: Subscription): boolean {
  const [prefixes, suffixes] = [
    [one.prefix, other.prefix].map((value) => decodeFilterValue(value ?? "")),
    [one.suffix, other.suffix].map((value) => decodeFilterValue(value ?? "")),
  ] as [[string, string], [string, string]];
  const samePrefix = prefixes[0].startsWith(prefixes[1]) || prefixes[1].startsWith(prefixes[0]);
  const sameSuffix = suffixes[0].endsWith(suffixes[1]) || suffixes[1].endsWith(suffixes[0]);
  return samePrefix && sameSuffix;
}
