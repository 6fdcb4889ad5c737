import { setTimeout } from "node:timers/promises";
import type { Verge } from "./server.ts";
import { signedFetch } from "./signed-fetch.ts";

/** A record of the audit trail, parsed. */
export interface TrailRecord {
  readonly eventName: string;
  readonly eventSource: string;
  readonly errorCode?: string;
  readonly readOnly: boolean;
  readonly userIdentity: { readonly type: string; readonly [member: string]: unknown };
  readonly [member: string]: unknown;
}

export interface LookedUp {
  readonly Events: readonly {
    readonly EventId: string;
    readonly EventName: string;
    readonly EventTime: number;
    readonly ReadOnly: string;
    readonly Username?: string;
    readonly AccessKeyId?: string;
    readonly EventSource: string;
    readonly Resources: readonly { readonly ResourceType: string; readonly ResourceName: string }[];
    readonly CloudTrailEvent: string;
  }[];
  readonly NextToken?: string;
}

export type TrailKeys = { readonly accessKeyId: string; readonly secretAccessKey: string };

const TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

/** Calls an operation of CloudTrail. The SDK has a client for it, which this project does not install. */
export async function callCloudTrail(verge: Verge, operation: string, input: object, credentials?: TrailKeys) {
  const { status, text } = await signedFetch(verge, {
    method: "POST",
    target: "/",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${TARGET}.${operation}` },
    body: JSON.stringify(input),
    scope: { service: "cloudtrail", region: verge.region },
    ...(credentials && { credentials }),
  });
  return { status, answer: JSON.parse(text) as Record<string, unknown> };
}

/** @throws where it is refused */
export async function lookUp(verge: Verge, input: object = {}, credentials?: TrailKeys): Promise<LookedUp> {
  const { status, answer } = await callCloudTrail(verge, "LookupEvents", input, credentials);
  if (status !== 200) throw new Error(`LookupEvents: ${status} ${JSON.stringify(answer)}`);
  return answer as unknown as LookedUp;
}

/** The records of an event, newest first, once there are `count`: they arrive a moment after the answer. */
export async function awaitRecords(
  verge: Verge,
  eventName: string,
  count = 1,
  credentials?: TrailKeys,
): Promise<TrailRecord[]> {
  const LookupAttributes = [{ AttributeKey: "EventName", AttributeValue: eventName }];
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { Events } = await lookUp(verge, { LookupAttributes }, credentials);
    if (Events.length >= count) return Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent) as TrailRecord);
    if (Date.now() > deadline) throw new Error(`${Events.length} of ${count} records of ${eventName} have arrived`);
    await setTimeout(50);
  }
}
