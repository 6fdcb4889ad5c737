import type { BucketNotifications, Subscription } from "./documents.ts";

/** The subscriptions to an event, `ObjectCreated:Put`, of an object with this key. */
export function findSubscriptions(
  notifications: BucketNotifications | undefined,
  eventName: string,
  key: string,
): readonly Subscription[] {
  return notifications?.subscriptions.filter((one) => wants(one, eventName) && matchesKey(one, key)) ?? [];
}

function wants({ events }: Subscription, eventName: string): boolean {
  return events.some((wanted) => coversEvent(wanted, `s3:${eventName}`));
}

/** `s3:ObjectCreated:*` covers `s3:ObjectCreated:Put`, and itself. */
export function coversEvent(wanted: string, eventName: string): boolean {
  return wanted.endsWith(":*") ? eventName.startsWith(wanted.slice(0, -1)) : wanted === eventName;
}

function matchesKey({ prefix = "", suffix = "" }: Subscription, key: string): boolean {
  return key.startsWith(decodeFilterValue(prefix)) && key.endsWith(decodeFilterValue(suffix));
}

/**
 * The characters of the key that a filter means: on S3 a space is `+` in it, and other special characters are
 * percent-encoded ("Configuring event notifications using object key name filtering").
 */
export function decodeFilterValue(value: string): string {
  const spaced = value.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    // A lone % is itself.
    return spaced;
  }
}
