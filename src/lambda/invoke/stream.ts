import type { ExecutionLease, LambdaCall, LambdaResult } from "../call.ts";
import { Violations } from "../constraints.ts";
import type { InvokeInput, InvokeOutput, InvokeStreamOutput } from "../runtime/protocol.ts";
import { textOf } from "../runtime/payload.ts";
import { encodeEvent } from "./event-stream.ts";
import { type Executable, findExecutable } from "./executable.ts";
import { recordFailure, recordOutput } from "./record.ts";
import { readInvokeInput, reserveFor, tailOf, versionHeader } from "./sync.ts";

/**
 * InvokeWithResponseStream: an event stream of PayloadChunk for what the function writes, and one
 * InvokeComplete with its error, if it failed, and the end of its log, if asked for.
 */
export async function invokeWithResponseStream(call: LambdaCall): Promise<LambdaResult> {
  const violations = new Violations();
  const type = call.headers.get("x-amz-invocation-type") ?? "RequestResponse";
  const logType = call.headers.get("x-amz-log-type") ?? "None";
  violations.checkText("invocationType", type, { values: ["RequestResponse", "DryRun"] });
  violations.checkText("logType", logType, { values: ["None", "Tail"] });
  violations.throwAny();
  const executable = await findExecutable(call);
  if (type === "DryRun") return { status: 204, headers: versionHeader(executable) };
  const output = await streamExecutable(call, executable, readInvokeInput(call, executable));
  return {
    status: 200,
    headers: { "content-type": "application/vnd.amazon.eventstream", ...versionHeader(executable) },
    body: output.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) =>
          controller.enqueue(encodeEvent("PayloadChunk", "application/octet-stream", chunk)),
        flush: async (controller) => controller.enqueue(encodeCompletion(await output.completion, logType === "Tail")),
      }),
    ),
  };
}

/** Runs it within the function's reserved concurrency, until its stream has ended. Throws TooManyRequestsException. */
export async function streamExecutable(
  call: Pick<LambdaCall, "ports">,
  executable: Executable,
  input: InvokeInput,
): Promise<InvokeStreamOutput> {
  const startedAt = Date.now();
  const { ports } = call;
  let execution: ExecutionLease | undefined;
  const fail = (error: unknown) => {
    execution?.end();
    recordFailure(ports, executable, input, startedAt, error);
  };
  try {
    execution = await reserveFor(call, executable);
    const { version, runtimeFunction } = executable;
    const output = await ports.runtime(version.code.codeId).invokeStream(runtimeFunction, input);
    const succeed = (completed: InvokeOutput) => {
      execution?.end();
      recordOutput(ports, executable, input, completed);
    };
    ports.defer(output.completion.then(succeed, fail));
    return output;
  } catch (error) {
    fail(error);
    throw error;
  }
}

function encodeCompletion({ functionError, payload, logs }: InvokeOutput, withLog: boolean): Uint8Array {
  const completion = {
    ...(functionError && { ErrorCode: functionError, ErrorDetails: textOf(payload) }),
    ...(withLog && { LogResult: tailOf(logs.text()) }),
  };
  return encodeEvent("InvokeComplete", "application/json", Buffer.from(JSON.stringify(completion)));
}
