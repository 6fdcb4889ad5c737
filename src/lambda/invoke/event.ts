import type { LambdaCall, LambdaResult } from "../call.ts";
import { lambdaError } from "../errors.ts";

/** "Invocation payload: 1 MB for each asynchronous request" ("Lambda quotas"). */
const MAX_EVENT_BYTES = 1_048_576;

/** Invoke with the invocation type Event: 202 once the event is durable. The function exists, the payload is JSON. */
export async function acceptInvocation(call: LambdaCall): Promise<LambdaResult> {
  const { accountId, name, qualifier } = call.target;
  if (call.body.byteLength > MAX_EVENT_BYTES) {
    throw lambdaError(
      "RequestTooLargeException",
      `${call.body.byteLength} byte payload is too large for the Event invocation type (limit ${MAX_EVENT_BYTES} bytes)`,
    );
  }
  const traceHeader = call.headers.get("x-amzn-trace-id");
  await call.ports.acceptEvents({ accountId, functionName: name }, [
    {
      id: call.requestId,
      payload: call.body,
      source: "invoke",
      ...(qualifier !== undefined && { qualifier }),
      ...(traceHeader !== null && { traceHeader }),
    },
  ]);
  return { status: 202, headers: { "content-type": "application/json" } };
}
