/**
 * What the Worker and the objects of queues say to each other. Plain values only; fields are only ever added
 * (objects run old code for minutes after a deploy).
 */

/** A queue; `<account>:<name>` names its object. */
export interface QueueAddress {
  readonly accountId: string;
  readonly name: string;
}

/** Attributes of a queue as SQS names and writes them: those that were set. */
export type QueueAttributes = Readonly<Record<string, string>>;

export interface QueueRecord {
  readonly address: QueueAddress;
  readonly attributes: QueueAttributes;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly modifiedAt: number;
}

/** What GetQueueAttributes says of a queue. */
export interface QueueDescription extends QueueRecord {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** A message attribute: SQS's `MessageAttributeValue`, bytes in base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What is kept of a message beside its body. */
export interface MessageDetails {
  readonly senderId: string;
  readonly md5OfBody: string;
  readonly attributes?: MessageAttributes;
  readonly md5OfAttributes?: string;
  readonly traceHeader?: string;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** ARN of the queue that gave the message up. */
  readonly deadLetterSource?: string;
}

export interface NewMessage {
  readonly id: string;
  readonly body: string;
  readonly details: MessageDetails;
  /** Instead of the queue's. */
  readonly delaySeconds?: number;
  /** Of body and attributes. */
  readonly bytes: number;
  /** What a FIFO queue that deduplicates by content takes for the deduplication id. */
  readonly contentHash?: string;
  /** A standard queue takes the message once in five minutes, however often it is sent with the same text here. */
  readonly onceId?: string;
}

/** A message that the queue's attributes do not let in: longer than `limit` bytes, or without a deduplication id. */
export type RefusedMessage =
  | { readonly refused: "too-long"; readonly limit: number }
  | { readonly refused: "no-deduplication-id" };

export interface SentMessage {
  /** Of the message that was sent before, when this one repeats it. */
  readonly id: string;
  /** Of FIFO queues: orders messages. */
  readonly sequence: number;
}

export interface ReceivedMessage {
  readonly id: string;
  readonly body: string;
  readonly details: MessageDetails;
  readonly sequence: number;
  readonly receipt: string;
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receives: number;
}

export interface ReceiveQuery {
  readonly limit: number;
  /** Fewer messages when they are longer together, one at least. */
  readonly maxCharacters?: number;
  /** Instead of the queue's. */
  readonly visibilitySeconds?: number;
  /** Instead of the queue's. */
  readonly waitSeconds?: number;
}

/** A message from inside the deployment: one that another queue gave up, or an event of a bucket. */
export interface MovedMessage {
  readonly id: string;
  readonly body: string;
  readonly details: MessageDetails;
  readonly sentAt: number;
  /** The same in every attempt to hand the message over, and in no other move of it; its id when absent. */
  readonly moveId?: string;
}

/** A function that consumes the queue, by its event source mapping. */
export interface Consumer {
  /** The mapping's. */
  readonly id: string;
  readonly accountId: string;
}

/** On the queue `INVOCATIONS`: messages wait for a consumer. It may be lost or come twice. */
export interface ConsumerMessage {
  readonly consumer: Consumer;
  readonly queue: QueueAddress;
}

export interface PollQuery {
  readonly limit: number;
  /** Fewer messages when they are longer together, one at least. */
  readonly maxCharacters?: number;
  /** Hides them for so long, when the queue would not. */
  readonly leastVisibilitySeconds?: number;
  /** How long to wait for one to come. */
  readonly waitSeconds: number;
  /** The consumer comes back within that time. */
  readonly returnsWithinMs: number;
}

/** `stale`: the message is gone or was received again since. */
export type ReceiptOutcome = "ok" | "stale" | "not-in-flight";

/** A move of a dead-letter queue's messages to where they came from, or to another queue. */
export interface MoveTask {
  readonly id: string;
  readonly status: "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  /** Absent: each message's own source. */
  readonly destination?: QueueAddress;
  /** Messages a second; absent: as fast as it goes. */
  readonly perSecond?: number;
  readonly moved: number;
  readonly toMove: number;
  /** Why it failed. */
  readonly failure?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** The calls that the Worker makes; undefined answers: there is no such queue. */
export interface QueueApi {
  /** `different`: there is one with other attributes. */
  create(
    address: QueueAddress,
    attributes: QueueAttributes,
    tags: QueueRecord["tags"],
  ): Promise<"created" | "different">;
  find(): Promise<QueueRecord | undefined>;
  describe(): Promise<QueueDescription | undefined>;
  setAttributes(attributes: QueueAttributes): Promise<boolean>;
  setTags(added: QueueRecord["tags"], removed: readonly string[]): Promise<boolean>;
  remove(): Promise<boolean>;
  purge(): Promise<"ok" | "in-progress" | undefined>;
  send(messages: readonly NewMessage[]): Promise<readonly (SentMessage | RefusedMessage)[] | undefined>;
  receive(query: ReceiveQuery): Promise<readonly ReceivedMessage[] | undefined>;
  deleteMessages(receipts: readonly string[]): Promise<readonly ReceiptOutcome[] | undefined>;
  changeVisibility(
    changes: readonly { readonly receipt: string; readonly seconds: number }[],
  ): Promise<readonly ReceiptOutcome[] | undefined>;
  /** From now on the consumer is woken when there are messages. False: there is no such queue. */
  addConsumer(consumer: Consumer): Promise<boolean>;
  removeConsumer(id: string): Promise<void>;
  /** Receives as a consumer; undefined when it is none any more. */
  poll(id: string, query: PollQuery): Promise<readonly ReceivedMessage[] | undefined>;
  /** The consumer has stopped: it is woken when there are messages. */
  releaseConsumer(id: string): Promise<void>;
  /** Takes messages that have ids already, each once however often it is offered. False: there is no such queue. */
  takeOver(messages: readonly MovedMessage[]): Promise<boolean>;
  /** `running`: one at a time. */
  startMoveTask(wanted: Pick<MoveTask, "destination" | "perSecond">): Promise<MoveTask | "running" | undefined>;
  /** The latest first. */
  listMoveTasks(limit: number): Promise<readonly MoveTask[] | undefined>;
  /** `ended`: it is none that runs. */
  cancelMoveTask(id: string): Promise<MoveTask | "ended" | undefined>;
}

export interface QueueNamesPage {
  readonly names: readonly string[];
  readonly more: boolean;
}

/** The names of an account's queues. */
export interface QueueDirectoryApi {
  add(name: string, deadLetterQueue: string | undefined): Promise<void>;
  remove(name: string): Promise<void>;
  list(prefix: string, after: string, limit: number): Promise<QueueNamesPage>;
  /** Those whose messages go to a queue when they are given up. */
  listSources(deadLetterQueue: string, after: string, limit: number): Promise<QueueNamesPage>;
}
