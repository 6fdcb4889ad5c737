/** What kind of record it is: each kind has its own share of the space, so that none drives out another. */
export type EventKind = "change" | "read" | "denied";

/** One record of the audit trail of an account. */
export interface TrailEvent {
  /** UUID; appending it twice stores it once. */
  readonly eventId: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly kind: EventKind;
  /** `CreateBucket` */
  readonly name: string;
  /** `s3.amazonaws.com` */
  readonly source: string;
  readonly readOnly: boolean;
  /** Empty where nobody is known. */
  readonly username: string;
  readonly accessKeyId: string;
  readonly resources: readonly TrailResource[];
  /** The whole record, as CloudTrail writes it: JSON. */
  readonly record: string;
}

export interface TrailResource {
  /** `AWS::S3::Bucket` */
  readonly type: string;
  readonly name: string;
}

/** How much of a trail is kept. */
export interface TrailLimits {
  readonly days: number;
  /** Records of each kind. */
  readonly events: number;
}

export type LookupKey =
  | "AccessKeyId"
  | "EventId"
  | "EventName"
  | "EventSource"
  | "ReadOnly"
  | "ResourceName"
  | "ResourceType"
  | "Username";

export interface TrailPosition {
  readonly time: number;
  readonly eventId: string;
}

export interface TrailQuery {
  readonly attribute?: { readonly key: LookupKey; readonly value: string };
  /** Milliseconds since the epoch, both included. */
  readonly from: number;
  readonly to: number;
  /** Of the last event of the page before. */
  readonly after?: TrailPosition;
  readonly limit: number;
}

export interface TrailPage {
  /** Newest first. */
  readonly events: readonly Omit<TrailEvent, "kind">[];
  readonly more: boolean;
}

/** The audit trail of one account. */
export interface AuditTrailApi {
  append(events: readonly TrailEvent[], limits: TrailLimits): Promise<void>;
  lookup(query: TrailQuery): Promise<TrailPage>;
}
