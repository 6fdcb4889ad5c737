/** Runs the functions of distributions: CloudFront Functions, and functions of this deployment as Lambda@Edge. */
import { createHash } from "node:crypto";
import { EdgeFunctionError, type EdgeFunctionPorts, type FunctionRun } from "../cdn/functions/ports.ts";
import { ServiceError } from "../lib/errors.ts";
import { TimedCache } from "../lib/timed-cache.ts";
import { findExecutable } from "../lambda/invoke/executable.ts";
import { runExecutable } from "../lambda/invoke/sync.ts";
import { Deadlines } from "../lambda/runtime/deadlines.ts";
import { packEdgeFunction } from "../lambda/runtime/edge-package.ts";
import { createRuntime } from "../lambda/runtime/loader.ts";
import { textOf } from "../lambda/runtime/payload.ts";
import type { RuntimeFunction } from "../lambda/runtime/protocol.ts";
import { createRemoteRuntime } from "../lambda/runtime/remote/runtime.ts";
import { functionDirectoryOf } from "../metadata/function/directory.ts";
import type { EdgeFunction } from "../metadata/cdn/protocol.ts";
import { logFault } from "./faults.ts";
import { createExecutionPorts } from "./lambda-ports.ts";
import type { RuntimeRequest } from "./function-runtime.ts";

/**
 * How long a function may take, its start included. CloudFront's limit is on the processor's time and far lower; the
 * platform enforces this one, and so does the loop guard.
 */
const TIMEOUT_SECONDS = 1;
/** CloudFront's: "Function memory". */
const MEMORY_MB = 2;
const LAMBDA_ARN = /^arn:[^:]+:lambda:[^:]*:(\d{12}):function:([a-zA-Z0-9-_]+):(\d+)$/;

/** Time, request and level, with which Lambda's runtime begins a line. CloudFront tells what was written. */
const LOG_HEAD = /^\d{4}-[^\t]+\t[^\t]+\t[A-Z]+\t/;

export function createEdgeFunctionPorts(request: RuntimeRequest): EdgeFunctionPorts {
  return {
    runFunction: (source, accountId, event, rawQuery) => runFunction(request, source, accountId, event, rawQuery),
    hasLambda: (arn, accountId) => hasLambda(request, arn, accountId),
    invokeLambda: (arn, accountId, event, timeoutMs) => invokeLambda(request, arn, accountId, event, timeoutMs),
  };
}

async function runFunction(
  request: RuntimeRequest,
  source: EdgeFunction,
  accountId: string,
  event: object,
  rawQuery: string,
): Promise<FunctionRun> {
  const fn = await describeFunction(source, accountId, request.deployment.region);
  const payload = JSON.stringify({ event, rawQuery });
  const runtime = createEdgeRuntime(request, source);
  const output = await runtime.invoke(fn, { requestId: crypto.randomUUID(), payload, invokedArn: fn.arn });
  const { init, own } = output.logs.lines();
  const logs = [...init, ...own].map(([, message]) => message.replace(LOG_HEAD, "").trimEnd());
  const milliseconds = output.durationMs;
  const returned: unknown = output.payload.length === 0 ? undefined : JSON.parse(textOf(output.payload));
  if (output.functionError === undefined) return { result: returned, logs, milliseconds };
  const { errorType, errorMessage } = (returned ?? {}) as { errorType?: string; errorMessage?: string };
  return { result: undefined, error: `${errorType ?? "Error"}: ${errorMessage ?? ""}`, logs, milliseconds };
}

/** Neither network nor deployment: its isolate reaches nothing at all. */
function createEdgeRuntime({ env, entrypoints, defer }: RuntimeRequest, source: EdgeFunction) {
  const deadlines = new Deadlines();
  const loadCode = async () => packEdgeFunction(source.code);
  if (env.FUNCTION_HOST && env.FUNCTION_SUPERVISOR) {
    const remote = { host: env.FUNCTION_HOST, supervisor: env.FUNCTION_SUPERVISOR, ownHost: "" };
    return createRemoteRuntime({ ...remote, loadCode, defer, deadlines });
  }
  return createRuntime({
    loader: env.LOADER,
    loadCode,
    egress: ({ arn }) => entrypoints.FunctionEgress({ props: { functionArn: arn, allow: [] } }),
    defer,
    deadlines,
  });
}

/** What the isolate's id is made of: the same code of an account is the same isolate. */
const described = new TimedCache<RuntimeFunction>({
  limit: 1_000,
  lifetime: () => ({ fresh: Infinity, usable: Infinity }),
});

function describeFunction(
  { name, code, runtime }: EdgeFunction,
  accountId: string,
  region: string,
): Promise<RuntimeFunction> {
  return described.read([accountId, name, runtime, code].join("\n"), async () => ({
    accountId,
    name,
    // No version of a Lambda function is called so.
    version: "cloudfront",
    arn: `arn:aws:cloudfront::${accountId}:function/${name}`,
    handler: "index.handler",
    runtime: "nodejs24.x",
    region,
    timeoutSeconds: TIMEOUT_SECONDS,
    memoryMb: MEMORY_MB,
    environment: {},
    codeSha256: createHash("sha256").update(code).digest("base64"),
    configRevision: runtime,
    // A CloudFront Function keeps nothing between events.
    sharedEnvironments: true,
    egressAllow: [],
  }));
}

async function hasLambda({ env }: RuntimeRequest, arn: string, accountId: string): Promise<boolean> {
  const [, owner, name = "", qualifier = ""] = LAMBDA_ARN.exec(arn) ?? [];
  if (owner !== accountId) return false;
  return (await functionDirectoryOf(env).findFunction(accountId, name, qualifier)) !== undefined;
}

async function invokeLambda(
  request: RuntimeRequest,
  arn: string,
  accountId: string,
  event: object,
  timeoutMs: number,
): Promise<unknown> {
  const [, owner, name = "", qualifier] = LAMBDA_ARN.exec(arn) ?? [];
  if (owner !== accountId)
    throw new EdgeFunctionError(503, `The function ${arn} is not of the distribution's account.`);
  const call = {
    target: { accountId, name, qualifier },
    region: request.deployment.region,
    directory: functionDirectoryOf(request.env),
    ports: createExecutionPorts(request),
  };
  try {
    const executable = await findExecutable(call);
    const output = await runExecutable(call, executable, {
      requestId: crypto.randomUUID(),
      payload: JSON.stringify(event),
      invokedArn: executable.invokedArn,
      deadlineMs: Date.now() + timeoutMs,
    });
    if (output.functionError !== undefined) throw failed("returned an error");
    return JSON.parse(textOf(output.payload));
  } catch (error) {
    if (error instanceof EdgeFunctionError) throw error;
    if (error instanceof ServiceError) throw failed(`could not be run: ${error.code}`);
    logFault(error, arn, "InvokeEdgeFunction");
    throw failed("could not be run");
  }
}

function failed(why: string): EdgeFunctionError {
  return new EdgeFunctionError(503, `The Lambda function associated with the CloudFront distribution ${why}.`);
}
