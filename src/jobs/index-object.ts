import type { Env } from "../env.ts";
import { BucketIndex as Index } from "../metadata/bucket/bucket-index.ts";
import { deliverNotifications } from "./deliver-notifications.ts";
import { openDestination } from "./open-destination.ts";

/** The index object as the platform runs it: what its bucket's objects go through is told to other services. */
export class BucketIndex extends Index {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      deliverEvents: (bucket, destination, events) => deliverNotifications(env, bucket, destination, events),
      openDestination: (source, rule, subject) => openDestination(env, source, rule, subject),
    });
  }
}
