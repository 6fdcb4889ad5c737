import type { Identity } from "../../auth/identity.ts";
import { ServiceError } from "../../lib/errors.ts";
import type { TrailEvent, TrailResource } from "../../metadata/trail/protocol.ts";
import type { Incoming } from "../incoming.ts";
import type { RequestTrace } from "../s3.ts";
import { describeAnswer, describeRequest, describeS3Request, type SafeMembers } from "./parameters.ts";
import type { AuditedService } from "./services.ts";
import { describeCaller, describeImpostor, describeStranger, nameCaller } from "./user-identity.ts";

/** A request that has been answered. */
export interface AuditedCall {
  readonly service: AuditedService;
  readonly operation: string;
  readonly incoming: Incoming;
  /** Absent where nobody was authenticated. */
  readonly identity: Identity | undefined;
  /** Of requests to buckets. */
  readonly trace: RequestTrace | undefined;
  readonly requestId: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

/** Facts of a call that are the same in every trail that gets a record of it. */
export interface CallFacts {
  readonly call: AuditedCall;
  readonly eventName: string;
  readonly readOnly: boolean;
  readonly isData: boolean;
  /** It was refused to who asked, rather than that it failed. */
  readonly denied: boolean;
  readonly error: ServiceError | undefined;
  readonly parameters: SafeMembers;
  readonly answer: SafeMembers | null;
}

/** In whose trail a record goes, and as whom it names who asked. */
export interface Recipient {
  readonly accountId: string;
  /** `impostor`: nobody proved to be anybody, but a key of this account was named. */
  readonly role: "caller" | "owner" | "impostor";
  /** Absent where only one account gets a record. */
  readonly sharedEventId?: string;
}

const EVENT_VERSION = "1.11";
const GLOBAL_REGION = "us-east-1";
const MAX_USER_AGENT = 512;
const MAX_MESSAGE = 1_024;
/** Refused for what is asked, not to who asks. */
const NOT_DENIED: ReadonlySet<string> = new Set(["InvalidObjectState", "AccessForbidden", "RequestTimeTooSkewed"]);
const DENIED = /^(AccessDenied|ExpiredToken|InvalidToken|UnrecognizedClient)/;

/** Undefined for what leaves no record: data calls that were not denied. */
export function judgeCall(call: AuditedCall): CallFacts | undefined {
  const { service, operation, incoming, trace } = call;
  const { witness } = incoming;
  const isData = service.isData(operation);
  const denied = isDenied(witness.error);
  if (isData && !denied) return undefined;
  const readOnly = service.isReadOnly(operation);
  return {
    call,
    eventName: service.names?.[operation] ?? operation,
    readOnly,
    isData,
    denied,
    error: toError(witness.error),
    parameters: trace
      ? describeS3Request(trace.bucketName, trace.key, incoming.rawQuery)
      : {
          ...describeRequest(isData ? undefined : witness.body, incoming),
          ...describeAnswer(witness.parameters ?? {}),
        },
    answer: readOnly || isData || !witness.answer ? null : orNull(describeAnswer(witness.answer)),
  };
}

/** The record of a call in one account's trail. */
export function writeEvent(facts: CallFacts, recipient: Recipient): TrailEvent {
  const { call, eventName, readOnly, isData, denied, error, parameters, answer } = facts;
  const { service, incoming, identity, region, time } = call;
  const eventId = crypto.randomUUID();
  const resources = listResources(service, parameters, answer);
  const explanation = error?.explanation && isToldTo(error.explanation.side, recipient) ? error.explanation : undefined;
  const record = {
    eventVersion: EVENT_VERSION,
    userIdentity: describeIdentity(call, recipient),
    eventTime: formatTime(time),
    eventSource: service.source,
    eventName,
    awsRegion: service.global ? GLOBAL_REGION : region,
    sourceIPAddress: incoming.clientAddress ?? "unknown",
    userAgent: (incoming.headers.get("user-agent") ?? "").slice(0, MAX_USER_AGENT),
    ...(error && { errorCode: error.code, errorMessage: error.message.slice(0, MAX_MESSAGE) }),
    requestParameters: orNull(parameters),
    responseElements: answer,
    ...(explanation && { additionalEventData: { decision: explanation.reason } }),
    requestID: call.requestId,
    eventID: eventId,
    readOnly,
    ...(resources.length > 0 && { resources: resources.map(({ type, name }) => describeResource(type, name)) }),
    eventType: "AwsApiCall",
    managementEvent: !isData,
    recipientAccountId: recipient.accountId,
    ...(recipient.sharedEventId !== undefined && { sharedEventID: recipient.sharedEventId }),
    eventCategory: isData ? "Data" : "Management",
  };
  const isOwn = recipient.role === "caller";
  return {
    eventId,
    time,
    kind: denied ? "denied" : readOnly ? "read" : "change",
    name: eventName,
    source: service.source,
    readOnly,
    username: isOwn ? nameCaller(identity) : "",
    accessKeyId: isOwn && identity?.kind === "account" ? identity.accessKeyId : "",
    resources,
    record: JSON.stringify(record),
  };
}

/** Which calls a flood of denied ones is told apart by. */
export function keyOf(event: TrailEvent, { call: { incoming, trace }, error }: CallFacts): string {
  const { source, name, username, accessKeyId } = event;
  return [source, name, error?.code, username, accessKeyId, incoming.clientAddress, trace?.bucketName].join("\n");
}

function describeIdentity({ identity, incoming }: AuditedCall, { role, accountId }: Recipient) {
  if (role === "impostor" || !identity) return describeImpostor(accountId, readClaimedKey(incoming) ?? "");
  return role === "caller" ? describeCaller(identity) : describeStranger(identity);
}

/** The access key id that a request names, unverified. */
export function readClaimedKey({ headers, rawQuery }: Incoming): string | undefined {
  const inHeader = /Credential=([^/,\s]{1,128})\//.exec(headers.get("authorization") ?? "")?.[1];
  if (inHeader !== undefined) return inHeader;
  return /(?:^|&)X-Amz-Credential=([^/%&]{1,128})(?:%2F|\/)/i.exec(rawQuery)?.[1];
}

/** Each account hears of its own policies alone. */
function isToldTo(side: "resource" | "caller", { role, sharedEventId }: Recipient): boolean {
  if (sharedEventId === undefined) return role !== "impostor";
  return role === (side === "resource" ? "owner" : "caller");
}

function isDenied(error: unknown): boolean {
  if (!(error instanceof ServiceError) || NOT_DENIED.has(error.code)) return false;
  return error.status === 403 || DENIED.test(error.code);
}

/** What nobody foresaw is told without its details. */
function toError(error: unknown): ServiceError | undefined {
  if (error === undefined || error instanceof ServiceError) return error;
  return new ServiceError("InternalError", 500, "An internal error occurred.");
}

function listResources(service: AuditedService, ...described: readonly (SafeMembers | null)[]): TrailResource[] {
  const found = new Map<string, TrailResource>();
  const visit = (members: SafeMembers): void => {
    for (const [name, value] of Object.entries(members)) {
      if (typeof value === "object" && value !== null) visit(value as SafeMembers);
      const type = typeof value === "string" && value !== "" ? service.resources[name] : undefined;
      if (type !== undefined) found.set(`${type} ${String(value)}`, { type, name: String(value) });
    }
  };
  for (const members of described) if (members) visit(members);
  return [...found.values()];
}

function describeResource(type: string, name: string): object {
  if (name.startsWith("arn:")) return { type, ARN: name };
  return type === "AWS::S3::Bucket" ? { type, ARN: `arn:aws:s3:::${name}` } : { type, resourceName: name };
}

function orNull(members: SafeMembers): SafeMembers | null {
  return Object.keys(members).length === 0 ? null : members;
}

/** In whole seconds, as CloudTrail has them. */
function formatTime(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
}
