import { describeEvent, type EventObject } from "./event-record.ts";
import type { Change } from "./journal.ts";
import { findSubscriptions } from "./subscriptions.ts";

/** What a change does to an object. How one was created follows from the operation. */
export type ObjectEvent =
  | "ObjectCreated"
  | "ObjectRemoved:Delete"
  | "ObjectRemoved:DeleteMarkerCreated"
  | "LifecycleTransition"
  | "ObjectAcl:Put"
  | "ObjectRestore:Post"
  | "ObjectRestore:Completed"
  | "ObjectTagging:Put"
  | "ObjectTagging:Delete"
  | "Replication:OperationFailedReplication";

/** By the operation that makes an object; S3 has no event for a rename, which comes closest to a copy. */
const CREATIONS: Readonly<Record<string, string>> = {
  PutObject: "ObjectCreated:Put",
  PostObject: "ObjectCreated:Post",
  CopyObject: "ObjectCreated:Copy",
  RenameObject: "ObjectCreated:Copy",
  CompleteMultipartUpload: "ObjectCreated:CompleteMultipartUpload",
};

/** Of lifecycle rules: whatever they remove has an event of its own. */
export const LIFECYCLE = "Lifecycle";

/**
 * Queues what a bucket's subscribers are told, in the transaction of the change itself: the event leaves if
 * and only if the change is committed.
 */
export function announce(change: Change, event: ObjectEvent, object: EventObject): void {
  const { audience, at, sequence } = change;
  if (!audience) return;
  const { context, config } = audience;
  const name = nameEvent(event, context.operation);
  for (const { id, destination } of findSubscriptions(config.documents?.notifications, name, object.key)) {
    change.notify(destination, context.traceHeader, (position) =>
      describeEvent(audience, id, { name, at, sequence, position }, object),
    );
  }
}

function nameEvent(event: ObjectEvent, operation: string): string {
  if (event === "ObjectCreated") return CREATIONS[operation] ?? "ObjectCreated:Put";
  return operation === LIFECYCLE ? event.replace("ObjectRemoved:", "LifecycleExpiration:") : event;
}
