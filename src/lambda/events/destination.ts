import { type FunctionArn, parseFunctionArn } from "../../metadata/function/arn.ts";
import type { QueueAddress } from "../../metadata/queue/protocol.ts";
import { parseQueueArn } from "../../metadata/queue/settings.ts";

/** Where an invocation record can go. */
export type Destination =
  | ({ readonly kind: "function" } & FunctionArn)
  | { readonly kind: "bucket"; readonly bucket: string }
  | { readonly kind: "queue"; readonly queue: QueueAddress; readonly region: string }
  /** AWS's other services, by the name in the ARN: `sns`, `events`. */
  | { readonly kind: "other"; readonly service: string };

const ARN = /^arn:aws[a-zA-Z0-9-]*:([a-zA-Z0-9-]+):[a-z0-9-]*:(?:\d{12})?:(.+)$/;

/** Undefined for what is no ARN of a destination. */
export function parseDestination(arn: string): Destination | undefined {
  const [, service, resource = ""] = ARN.exec(arn) ?? [];
  if (service === undefined) return undefined;
  if (service === "s3") return resource.includes("/") ? undefined : { kind: "bucket", bucket: resource };
  if (service === "sqs") return parseQueue(arn);
  if (service !== "lambda") return { kind: "other", service };
  const named = parseFunctionArn(arn);
  return named && { kind: "function", ...named };
}

function parseQueue(arn: string): Destination | undefined {
  const parsed = parseQueueArn(arn);
  return parsed && { kind: "queue", queue: { accountId: parsed.accountId, name: parsed.name }, region: parsed.region };
}
