/**
 * What the control plane of the Lambda service (functions, versions, invocations) and the runtime (packer,
 * loader, shim) say to each other. Shapes only.
 */

import type { Deadlines } from "./deadlines.ts";
import type { Payload } from "./payload.ts";

/** One module in the form the Worker Loader takes; exactly one field is set. */
export interface PackedModule {
  readonly js?: string;
  readonly cjs?: string;
  readonly text?: string;
  readonly data?: ArrayBuffer;
  readonly json?: unknown;
  readonly wasm?: ArrayBuffer;
}

/** A deployment package, ready to load but for the shim's own module and the function's configuration. */
export interface PackedCode {
  readonly modules: Readonly<Record<string, PackedModule>>;
  /** For people: what cannot work once loaded, one sentence each. */
  readonly warnings: readonly string[];
  /** `@aws-sdk/…` packages that the code imports, whether or not it brings them; absent when there are none. */
  readonly sdkPackages?: readonly string[];
}

export interface PackResult {
  readonly packed: PackedCode;
  /** SHA-256 of the zip, base64: Lambda's `CodeSha256`. */
  readonly codeSha256: string;
  /** Bytes of the zip: Lambda's `CodeSize`. */
  readonly codeSize: number;
  readonly unzippedSize: number;
  /** Bytes of what is loaded into the isolate. */
  readonly loadedSize: number;
}

/** Keys of the function's role for one invocation, as in `AWS_ACCESS_KEY_ID` and its neighbours. */
export interface FunctionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** ISO 8601. The SDK asks for new ones after it. */
  readonly expiration?: string;
}

/** One version of a function, with all that its execution environments depend on. */
export interface RuntimeFunction {
  readonly accountId: string;
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Unqualified: `arn:aws:lambda:<region>:<account>:function:<name>`. */
  readonly arn: string;
  /** `index.handler`, as stored. */
  readonly handler: string;
  /** `nodejs24.x`: shown in `AWS_EXECUTION_ENV`. */
  readonly runtime: string;
  readonly region: string;
  /** Origin of this deployment for `AWS_ENDPOINT_URL`, `http://127.0.0.1:8787`; absent leaves the variable out. */
  readonly endpointUrl?: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** The function's own variables, decrypted. */
  readonly environment: Readonly<Record<string, string>>;
  readonly codeSha256: string;
  /** Packages of its layers, in their order: later ones override earlier ones. */
  readonly layers?: readonly string[];
  /** Changes with every change of configuration: it is part of an environment's id. */
  readonly configRevision: string;
  /** Lets concurrent invocations share an environment, which Lambda never does. */
  readonly sharedEnvironments?: boolean;
  /** Hosts that the function may reach besides this deployment; absent allows every public one. */
  readonly egressAllow?: readonly string[];
  readonly credentials?: FunctionCredentials;
  /** `Text` when absent. */
  readonly logFormat?: "Text" | "JSON";
  readonly logGroup?: string;
}

export interface InvokeInput {
  readonly requestId: string;
  /** The event: JSON text, checked by the caller; empty counts as `{}`. */
  readonly payload: Payload;
  /** Base64 JSON from `X-Amz-Client-Context`. */
  readonly clientContext?: string;
  /** As the caller named it, with its qualifier. */
  readonly invokedArn: string;
  /** Milliseconds since 1970 by which it must end when that is earlier than the function's own time-out. */
  readonly deadlineMs?: number;
  /** `X-Amzn-Trace-Id`, for `_X_AMZN_TRACE_ID`. */
  readonly traceId?: string;
}

/** Milliseconds since 1970, and a record of the log; it may have several lines. */
export type LogLine = readonly [timestamp: number, message: string];

/** What an invocation wrote. */
export interface InvocationLogs {
  /** What the function wrote while its modules loaded, and from START to END. */
  readonly lines: () => { readonly init: LogLine[]; readonly own: LogLine[] };
  /** All of them, START, END and REPORT included, as one text. Its last 4 KB are `X-Amz-Log-Result`. */
  readonly text: () => string;
  /** Name of the environment's log stream. */
  readonly stream: string;
  /** Characters that the function wrote. */
  readonly size: number;
}

export interface InvokeOutput {
  /** The handler's result, or Lambda's error object, as JSON text; what a streaming handler wrote where it was wanted whole. */
  readonly payload: Payload;
  /** `X-Amz-Function-Error`. Lambda's Node.js runtimes only know `Unhandled`. */
  readonly functionError?: "Handled" | "Unhandled";
  /** `errorType` of a function that failed. */
  readonly errorType?: string;
  readonly timedOut: boolean;
  readonly logs: InvocationLogs;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly durationMs: number;
  /** Module scope, in a cold start only. */
  readonly initDurationMs?: number;
  readonly coldStart: boolean;
}

/** What `InvokeWithResponseStream` and function URLs in `RESPONSE_STREAM` mode need. */
export interface InvokeStreamOutput {
  /** Bytes as the handler writes them; a buffered handler's result comes as one chunk. */
  readonly body: ReadableStream<Uint8Array>;
  /** `application/vnd.awslambda.http-integration-response` when the handler sent an HTTP prelude. */
  readonly contentType: string;
  /** Known at the end of `body`; its `payload` holds the error object of a failed invocation, else nothing. */
  readonly completion: Promise<InvokeOutput>;
}

/** What the runtime needs of the deployment. */
export interface RuntimePorts {
  readonly loader: WorkerLoader;
  /** Called in cold starts only. */
  readonly loadCode: (fn: RuntimeFunction) => Promise<PackedCode>;
  /** Whether an environment can be used: without its code only one that was started before can. All can when absent. */
  readonly isStartable?: (id: string) => boolean;
  /** The filter behind which the function reaches the network; see egress.ts. */
  readonly egress: (fn: RuntimeFunction) => Fetcher;
  /** `ExecutionContext.waitUntil`. */
  readonly defer: (work: Promise<unknown>) => void;
  /** Of the request. */
  readonly deadlines: Deadlines;
}

export interface Runtime {
  /** A function that fails is an output, not an exception: exceptions are faults of this deployment. */
  invoke(fn: RuntimeFunction, input: InvokeInput): Promise<InvokeOutput>;
  invokeStream(fn: RuntimeFunction, input: InvokeInput): Promise<InvokeStreamOutput>;
}
