import type { Account, Identity } from "../auth/identity.ts";
import type { Operation } from "../lib/operation.ts";
import type { Query } from "../lib/query.ts";
import type { AcceptedEvent, EventTarget } from "../metadata/function/events-protocol.ts";
import type { FunctionDirectory } from "../metadata/function/directory.ts";
import type { FunctionRegistryApi } from "../metadata/function/protocol.ts";
import type { QueueAddress, QueueApi } from "../metadata/queue/protocol.ts";
import type { InvocationLog } from "../metadata/logs/recorder.ts";
import type { FunctionCodeStore } from "../storage/function-code.ts";
import type { FunctionName } from "./names.ts";
import type { FunctionCredentials, Runtime, RuntimeFunction } from "./runtime/protocol.ts";

/** A decoded request to the Lambda service, as an operation sees it. */
export interface LambdaCall {
  readonly requestId: string;
  readonly operation: string;
  readonly identity: Identity;
  /** The caller's account. */
  readonly account: Account;
  /** The template's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly headers: Headers;
  /** The whole body: Lambda's are bounded. */
  readonly body: Uint8Array;
  /** The function that the path names; its account is the caller's unless a policy allows another's. */
  readonly target: FunctionName;
  /** Scheme, host and port as the client named them: `http://127.0.0.1:8787`. */
  readonly origin: string;
  readonly region: string;
  /** Cached reads, for invocations. */
  readonly directory: FunctionDirectory;
  readonly packages: FunctionCodeStore;
  readonly ports: LambdaPorts;
}

/** What the gateway wires in. */
export interface LambdaPorts extends ExecutionPorts {
  /** The functions of an account: every call is a round trip. */
  registry(accountId: string): FunctionRegistryApi;
  /** Reads an object of this deployment with the caller's rights; undefined when it has more than `limit` bytes. */
  readObject(object: ObjectName, limit: number): Promise<Uint8Array | undefined>;
  /** Encrypts what is secret; it opens only for the same owner. */
  seal(secret: string, owner: string): Promise<string>;
  /** A URL at which the package can be fetched for some minutes. */
  presignCode(codeId: string): Promise<string>;
  /** A keyed hash that only this deployment can make. */
  tag(text: string): Promise<Uint8Array>;
  /** Throws InvalidParameterValueException when the caller cannot use the bucket. */
  checkBucket(bucket: string): Promise<void>;
  /** Throws InvalidParameterValueException when the role of a function, by their ARNs, does not let Lambda assume it. */
  checkRole(accountId: string, roleArn: string, functionArn: string): Promise<void>;
  /** Whether a function with this role may do something with a resource that its policies may name. */
  isAllowedToRole(accountId: string, roleArn: string, action: string, resource: string): Promise<boolean>;
  /** Takes asynchronous invocations: durable when it answers. */
  acceptEvents(target: EventTarget, events: readonly AcceptedEvent[]): Promise<void>;
  /** A queue's object. */
  queue(queue: QueueAddress): QueueApi;
  /** Forgets the asynchronous invocations of a function that was deleted. */
  dropEvents(target: EventTarget): Promise<void>;
}

/** What running a function needs of the deployment. */
export interface ExecutionPorts {
  /** Undefined when it was sealed for another owner, or under another master key. */
  open(sealed: string, owner: string): Promise<string | undefined>;
  /** Where the SDK inside a function finds this deployment; never what a request's Host header says. */
  readonly endpointUrl: string;
  /** Keys for an execution: of the role that the function names, with the rights of its account. */
  issueKeys(accountId: string, roleArn: string): Promise<FunctionCredentials>;
  /** Runs versions whose package has this id. */
  runtime(codeId: string): Runtime;
  /** Takes one of the executions that a function's reserved concurrency allows; undefined when all are taken. */
  reserveExecution(fn: RuntimeFunction, limit: number): Promise<ExecutionLease | undefined>;
  /** Keeps what an invocation left, some seconds later and with others; nobody waits for it. */
  recordInvocation(log: InvocationLog): void;
  /** Lets work go on after the answer, or after the client hung up. */
  defer(work: Promise<unknown>): void;
}

/** One of the executions that a function's reserved concurrency allows. */
export interface ExecutionLease {
  end(): void;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId: string | undefined;
}

/** What an operation answers. */
export interface LambdaResult {
  readonly status: 200 | 201 | 202 | 204;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rendered as JSON. */
  readonly json?: object;
  /** Bytes in place of `json`. */
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
}

export type LambdaOperation = Operation<LambdaCall, LambdaResult>;

/** A parameter that the row's template has. */
export function parameter(call: Pick<LambdaCall, "parameters">, name: string): string {
  const value = call.parameters[name];
  if (value === undefined) throw new Error(`The path has no parameter ${name}`);
  return value;
}
