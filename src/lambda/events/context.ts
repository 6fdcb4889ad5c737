import type { EventTarget, FunctionEventsApi } from "../../metadata/function/events-protocol.ts";
import type { MessageAttributes, QueueAddress } from "../../metadata/queue/protocol.ts";
import type { FoundFunction } from "../../metadata/function/protocol.ts";
import type { ExecutionPorts, LambdaCall, LambdaPorts } from "../call.ts";

/** What running events needs of the deployment. */
export interface EventPorts extends ExecutionPorts, Pick<LambdaPorts, "acceptEvents"> {
  /** Asks a function's events, again if the connection was lost. */
  askEvents<Answer>(target: EventTarget, question: (events: FunctionEventsApi) => Promise<Answer>): Promise<Answer>;
  /** A function as it is at this moment; what the directory remembers may be seconds old. */
  findFunctionNow(accountId: string, name: string, qualifier: string): Promise<FoundFunction | undefined>;
  /** Stores an object in the name of an account. Throws a ServiceError of S3. */
  putObject(accountId: string, object: NewObject): Promise<void>;
  /** Sends a message, once however often it is tried with the same id. Throws when there is no such queue. */
  sendToQueue(queue: QueueAddress, message: NewQueueMessage): Promise<void>;
}

export interface NewQueueMessage {
  /** UUID. */
  readonly id: string;
  readonly body: string;
  readonly attributes?: MessageAttributes;
  readonly traceHeader: string;
}

export interface NewObject {
  readonly bucket: string;
  readonly key: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
  /** Of the request that it is to look like. */
  readonly traceHeader: string;
}

/** Where a runner runs. */
export interface EventContext extends Pick<LambdaCall, "region" | "directory"> {
  readonly ports: EventPorts;
  /** Before the first repetition of a failed invocation; the second waits twice as long. */
  readonly retrySeconds: number;
  /** No invocation takes longer, whatever the function's time-out. */
  readonly maxRunMs: number;
}
