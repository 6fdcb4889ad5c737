import { Buffer } from "node:buffer";
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

export interface LegacyUse {
  /** Whether the handler has looked at `done`, `succeed` or `fail`, and so will finish through them. */
  readonly wasTouched: () => boolean;
}

export function createContext(request: InvocationRequest): Context {
  const mobile = parseClientContext(request.clientContext);
  return {
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
}

/** Adds the ways to finish that handlers of the first Node.js runtimes use. */
export function attachLegacy(context: Context, settle: Callback): LegacyUse {
  let touched = false;
  const ways = {
    done: settle,
    succeed: (result?: unknown) => settle(null, result),
    fail: (error?: unknown) => settle(error ?? "handled"),
  };
  for (const [name, way] of Object.entries(ways)) {
    Object.defineProperty(context, name, {
      configurable: true,
      get() {
        touched = true;
        return way;
      },
    });
  }
  return { wasTouched: () => touched };
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
