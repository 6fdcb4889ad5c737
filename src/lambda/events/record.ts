import { type Payload, textOf } from "../runtime/payload.ts";
import type { InvokeOutput } from "../runtime/protocol.ts";

const REQUEST_PAYLOAD = ',"requestPayload":';

/** Why an event leaves for its destination (`requestContext.condition`). */
export type Condition =
  | "Success"
  | "RetriesExhausted"
  | "EventAgeExceeded"
  | "ZeroReservedConcurrency"
  | "RecursiveInvocation";

/** What the last attempt answered. */
export interface Response {
  readonly executedVersion: string;
  readonly output: InvokeOutput;
}

export interface RecordedInvocation {
  readonly requestId: string;
  /** Qualified. */
  readonly functionArn: string;
  readonly condition: Condition;
  readonly invokeCount: number;
  readonly requestPayload: Uint8Array;
  /** Absent when the last attempt was not run. */
  readonly response?: Response;
}

/**
 * The invocation record that a destination receives, as JSON ("Retaining records of asynchronous invocations",
 * Lambda Developer Guide). The payloads go into it as they are.
 */
export function encodeRecord(invocation: RecordedInvocation, now: number): Uint8Array {
  const { requestId, functionArn, condition, invokeCount, requestPayload, response } = invocation;
  const head = JSON.stringify({
    version: "1.0",
    timestamp: new Date(now).toISOString(),
    requestContext: { requestId, functionArn, condition, approximateInvokeCount: invokeCount },
  });
  const parts: (string | Uint8Array)[] = [head.slice(0, -1), REQUEST_PAYLOAD, asJson(requestPayload, "{}")];
  if (response) {
    const { executedVersion, output } = response;
    const { functionError } = output;
    const context = { statusCode: 200, executedVersion, ...(functionError !== undefined && { functionError }) };
    parts.push(`,"responseContext":${JSON.stringify(context)},"responsePayload":`, asJson(output.payload, "null"));
  }
  return Buffer.concat([...parts, "}"].map((part) => Buffer.from(part)));
}

/** Where in a record the event is, in bytes. Nothing before it can look like the member's name. */
export function findRequestPayload(record: Uint8Array, payload: Uint8Array): { begin: number; end: number } {
  const begin = Buffer.from(record).indexOf(REQUEST_PAYLOAD) + REQUEST_PAYLOAD.length;
  return { begin, end: begin + Buffer.byteLength(asJson(payload, "{}")) };
}

/** `aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<UUID>`: the key of a record in a bucket. */
export function nameRecord(functionName: string, deliveryId: string, at: number): string {
  const time = new Date(at).toISOString().slice(0, 19).replaceAll(":", ".");
  return `aws/lambda/async/${functionName}/${time.slice(0, 10).replaceAll("-", "/")}/${time}-${deliveryId}`;
}

/** What is no JSON, as a streaming function may write it, becomes a string. */
function asJson(payload: Payload, empty: string): Payload {
  if (payload.length === 0) return empty;
  const text = textOf(payload);
  try {
    JSON.parse(text);
    return payload;
  } catch {
    return JSON.stringify(text);
  }
}
