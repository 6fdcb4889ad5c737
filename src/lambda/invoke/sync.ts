import type { ExecutionLease, ExecutionPorts, LambdaCall, LambdaResult } from "../call.ts";
import { Violations } from "../constraints.ts";
import { lambdaError } from "../errors.ts";
import type { InvokeInput, InvokeOutput } from "../runtime/protocol.ts";
import { acceptInvocation } from "./event.ts";
import { type Executable, findExecutable } from "./executable.ts";
import { continueTrace, refuseLoop } from "./lineage.ts";
import { recordFailure, recordOutput } from "./record.ts";

/** `X-Amz-Log-Result` has the end of the log. */
const LOG_TAIL_BYTES = 4_096;
/** "ClientContext: up to 3,583 bytes of base64-encoded data". */
const MAX_CLIENT_CONTEXT = 3_583;

/**
 * Invoke: RequestResponse answers what the handler returned, or its error as 200 with
 * `X-Amz-Function-Error`; Event answers 202 when the invocation is accepted; DryRun answers 204 when the caller
 * may invoke the function.
 */
export async function invoke(call: LambdaCall): Promise<LambdaResult> {
  const violations = new Violations();
  const type = call.headers.get("x-amz-invocation-type") ?? "RequestResponse";
  const logType = call.headers.get("x-amz-log-type") ?? "None";
  violations.checkText("invocationType", type, { values: ["Event", "RequestResponse", "DryRun"] });
  violations.checkText("logType", logType, { values: ["None", "Tail"] });
  violations.throwAny();
  const executable = await findExecutable(call);
  if (type === "DryRun") return { status: 204, headers: versionHeader(executable) };
  if (type === "Event") {
    checkPayload(call.body);
    return acceptInvocation(call);
  }
  const output = await runExecutable(call, executable, readInvokeInput(call, executable));
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      ...versionHeader(executable),
      ...(output.functionError && { "x-amz-function-error": output.functionError }),
      ...(logType === "Tail" && { "x-amz-log-result": tailOf(output.logs.text()) }),
    },
    body: output.payload,
  };
}

/** InvokeAsync, in whose place Invoke with the type Event has come. */
export async function invokeAsync(call: LambdaCall): Promise<LambdaResult> {
  await findExecutable(call);
  checkPayload(call.body);
  return acceptInvocation(call);
}

/** Runs it within the function's reserved concurrency. Throws TooManyRequestsException. */
export async function runExecutable(
  call: { readonly ports: ExecutionPorts },
  executable: Executable,
  input: InvokeInput,
): Promise<InvokeOutput> {
  const startedAt = Date.now();
  let execution: ExecutionLease | undefined;
  try {
    execution = await reserveFor(call, executable);
    const { version, runtimeFunction } = executable;
    const output = await call.ports.runtime(version.code.codeId).invoke(runtimeFunction, input);
    recordOutput(call.ports, executable, input, output);
    return output;
  } catch (error) {
    recordFailure(call.ports, executable, input, startedAt, error);
    throw error;
  } finally {
    execution?.end();
  }
}

/** One of the executions that the function has reserved; undefined where it has reserved none. Throws TooManyRequestsException. */
export async function reserveFor(
  { ports }: { readonly ports: ExecutionPorts },
  { runtimeFunction, reservedConcurrency }: Executable,
): Promise<ExecutionLease | undefined> {
  if (reservedConcurrency === undefined) return undefined;
  const execution = await ports.reserveExecution(runtimeFunction, reservedConcurrency);
  if (execution) return execution;
  throw lambdaError("TooManyRequestsException", "Rate Exceeded.", {
    Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
  });
}

/** What the request says of an invocation. Throws InvalidRequestContentException, RecursiveInvocationException. */
export function readInvokeInput(
  call: LambdaCall,
  { invokedArn, runtimeFunction, allowsLoops }: Executable,
): InvokeInput {
  const payload = checkPayload(call.body);
  const trace = continueTrace(call.headers.get("x-amzn-trace-id"), runtimeFunction.arn);
  if (trace.isLoop && !allowsLoops) throw refuseLoop();
  return {
    requestId: call.requestId,
    payload,
    invokedArn,
    traceId: trace.header,
    ...readClientContext(call),
  };
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An event is JSON text, which is answered, or nothing. */
function checkPayload(payload: Uint8Array): string {
  if (payload.byteLength === 0) return "";
  try {
    const text = strictDecoder.decode(payload);
    JSON.parse(text);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw lambdaError("InvalidRequestContentException", `Could not parse request body into json: ${why}`);
  }
}

function readClientContext({ headers }: LambdaCall): { clientContext?: string } {
  const clientContext = headers.get("x-amz-client-context");
  if (clientContext === null) return {};
  if (clientContext.length > MAX_CLIENT_CONTEXT || !isBase64Json(clientContext)) {
    throw lambdaError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.");
  }
  return { clientContext };
}

function isBase64Json(text: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64").toString());
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

export function versionHeader({ version }: Executable): Record<string, string> {
  return { "x-amz-executed-version": version.version };
}

/** The end of a log for `X-Amz-Log-Result`, base64. */
export function tailOf(logs: string): string {
  return Buffer.from(logs).subarray(-LOG_TAIL_BYTES).toString("base64");
}
