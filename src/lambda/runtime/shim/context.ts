import { Buffer } from "node:buffer";
import { currentInvocation } from "./invocation.ts";
import { configuration } from "./platform.ts";
import type { InvocationRequest } from "./wire.ts";

export type Callback = (error?: unknown, result?: unknown) => void;

/** The `context` argument of handlers ("AWS Lambda context object in Node.js"). */
export interface Context {
  callbackWaitsForEmptyEventLoop: boolean;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly identity: unknown;
  readonly clientContext: unknown;
  readonly tenantId: undefined;
  getRemainingTimeInMillis: () => number;
}

/** What `done`, `succeed` and `fail` of a context lead to. */
interface LegacyUse {
  readonly settle: Callback;
  wasTouched: boolean;
}

const uses = new WeakMap<object, LegacyUse>();

/**
 * The ways to finish that handlers of the first Node.js runtimes use. In a prototype, since to define them for each
 * context costs more than the handler's call.
 */
const legacyWays = Object.defineProperties(
  {},
  {
    done: { configurable: true, get: touch((settle) => settle) },
    succeed: { configurable: true, get: touch((settle) => (result) => settle(null, result)) },
    fail: { configurable: true, get: touch((settle) => (error) => settle(error ?? "handled")) },
  },
);

function touch(way: (settle: Callback) => Callback) {
  return function (this: object): Callback | undefined {
    // Asked of a proxy of the context, or of what inherits from it, it is that of the invocation.
    const use = uses.get(this) ?? uses.get(currentInvocation() ?? this);
    if (use === undefined) return undefined;
    use.wasTouched = true;
    return way(use.settle);
  };
}

export function createContext(request: InvocationRequest): Context {
  const mobile = parseClientContext(request.clientContext);
  const context = {
    __proto__: legacyWays,
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: configuration.version,
    functionName: configuration.name,
    memoryLimitInMB: String(configuration.memoryMb),
    logGroupName: configuration.logGroup,
    logStreamName: configuration.logStream,
    clientContext: mobile,
    identity: undefined,
    invokedFunctionArn: request.invokedArn,
    awsRequestId: request.requestId,
    tenantId: undefined,
    getRemainingTimeInMillis: () => Math.max(0, request.deadlineMs - Date.now()),
  };
  return context;
}

/** Says what its ways to finish lead to. */
export function attachLegacy(context: Context, settle: Callback): LegacyUse {
  const use = { settle, wasTouched: false };
  uses.set(context, use);
  const invocation = currentInvocation();
  if (invocation !== undefined) uses.set(invocation, use);
  return use;
}

/** Lambda hands the header's JSON over as it is; what does not parse is left out. */
function parseClientContext(encoded: string | undefined): unknown {
  if (encoded === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  } catch {
    return undefined;
  }
}
