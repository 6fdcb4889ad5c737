import type { Identity } from "../auth/identity.ts";
import type { EventContext } from "../metadata/bucket/event-record.ts";
import type { Incoming } from "./incoming.ts";

/** Where the platform does not tell the client's address: on the socket of a local server. */
export const UNKNOWN_ADDRESS = "127.0.0.1";

/** Who causes the changes of a request, as the events about them say. */
export function describeEventContext(operation: string, identity: Identity, incoming: Incoming): EventContext {
  const { requestId, hostId, clientAddress, headers } = incoming;
  const traceHeader = headers.get("x-amzn-trace-id");
  return {
    operation,
    requestId,
    hostId,
    principalId: identity.kind === "account" ? `AWS:${identity.account.id}` : "Anonymous",
    sourceAddress: clientAddress ?? UNKNOWN_ADDRESS,
    ...(traceHeader !== null && { traceHeader }),
  };
}
