import { ServiceError } from "../../lib/errors.ts";
import { billedMs } from "../../metadata/logs/frame.ts";
import type { InvocationRecord } from "../../metadata/logs/protocol.ts";
import type { LambdaPorts } from "../call.ts";
import { logGroupOf } from "../runtime/configuration.ts";
import type { InvokeInput, InvokeOutput } from "../runtime/protocol.ts";
import type { Executable } from "./executable.ts";

type RecordPorts = Pick<LambdaPorts, "recordInvocation">;

/** Leaves the record of an invocation that ran, with its log. */
export function recordOutput(
  ports: RecordPorts,
  executable: Executable,
  { requestId }: InvokeInput,
  output: InvokeOutput,
): void {
  const fn = executable.runtimeFunction;
  const { durationMs, errorType, initDurationMs, logs, startedAt } = output;
  const outcome = outcomeOf(output);
  ports.recordInvocation({
    accountId: fn.accountId,
    group: logGroupOf(fn),
    size: logs.size,
    describe: () => {
      const timing = { durationMs, ...(initDurationMs !== undefined && { initMs: initDurationMs }) };
      return {
        stream: logs.stream,
        lines: logs.lines(),
        invocation: {
          ...describeExecutable(executable),
          requestId,
          startedAt,
          ...timing,
          billedMs: billedMs(timing),
          outcome,
          ...(errorType !== undefined && { errorType }),
        },
      };
    },
  });
}

/** Leaves the record of an invocation that was refused, or that this deployment could not carry out. */
export function recordFailure(
  ports: RecordPorts,
  executable: Executable,
  { requestId }: InvokeInput,
  startedAt: number,
  error: unknown,
): void {
  const fn = executable.runtimeFunction;
  const isThrottled = error instanceof ServiceError && error.status === 429;
  const invocation: InvocationRecord = {
    ...describeExecutable(executable),
    requestId,
    startedAt,
    durationMs: Date.now() - startedAt,
    billedMs: 0,
    outcome: isThrottled ? "throttled" : "fault",
    ...(error instanceof ServiceError && { errorType: error.code }),
  };
  const describe = () => ({ stream: "", invocation });
  ports.recordInvocation({ accountId: fn.accountId, group: logGroupOf(fn), size: 0, describe });
}

function describeExecutable({ alias, runtimeFunction }: Executable) {
  const { memoryMb, name, version } = runtimeFunction;
  return { functionName: name, version, ...(alias !== undefined && { alias }), memoryMb };
}

function outcomeOf({ errorType, functionError, timedOut }: InvokeOutput): InvocationRecord["outcome"] {
  if (functionError === undefined) return "success";
  if (timedOut) return "timeout";
  return errorType === "Runtime.OutOfMemory" ? "out-of-memory" : "error";
}
