import { ServiceError } from "../../lib/errors.ts";
import type { EventSourceMapping } from "../../metadata/function/mappings-protocol.ts";
import type { Consumer, QueueApi, ReceivedMessage } from "../../metadata/queue/protocol.ts";
import type { ExecutionPorts } from "../call.ts";
import type { EventContext } from "../events/context.ts";
import { findExecutable } from "../invoke/executable.ts";
import { continueTrace } from "../invoke/lineage.ts";
import { runExecutable } from "../invoke/sync.ts";
import { formatFunctionArn, LATEST } from "../names.ts";
import { compileFilters } from "./filter.ts";
import { describeBatch, readFailures } from "./record.ts";

/** What consuming a queue needs of the deployment. */
export interface ConsumerContext extends Pick<EventContext, "region" | "directory" | "maxRunMs"> {
  /** Of queue and function. */
  readonly accountId: string;
  readonly ports: ExecutionPorts;
  readonly queue: QueueApi;
  /** As it is now; undefined when it was deleted. */
  findMapping(): Promise<EventSourceMapping | undefined>;
}

/** The platform lets a request have four dynamic workers in flight. */
const LANES = 4;
/** A consumer takes no more batches after that. */
const WORKING_MS = 20_000;
const WAIT_SECONDS = 1;
/** Calls take time, and the host waits a little for the isolate. */
const MARGIN_MS = 5_000;
/** Lambda's events have 6 MB. */
const MAX_BATCH_CHARACTERS = 5_000_000;

/** Runs the function with batches of a queue's messages, as long as there are some, for about twenty seconds. */
export async function consumeQueue(consumer: Consumer, context: ConsumerContext): Promise<void> {
  const { id } = consumer;
  const mapping = await context.findMapping();
  if (!mapping?.enabled) return retire(consumer, context);
  const lanes = Math.min(LANES, mapping.maximumConcurrency ?? LANES);
  const batches = new Batches(mapping, context);
  await Promise.all(Array.from({ length: lanes }, () => runLane(batches, mapping, context)));
  await context.queue.releaseConsumer(id);
}

/** A mapping that was created or switched on meanwhile keeps its consumer. */
async function retire(consumer: Consumer, context: ConsumerContext): Promise<void> {
  await context.queue.removeConsumer(consumer.id);
  if ((await context.findMapping())?.enabled) await context.queue.addConsumer(consumer);
}

/** Collects one batch at a time, so that lanes do not share out what would fill one. */
class Batches {
  readonly #collect: () => Promise<ReceivedMessage[]>;
  readonly #end = Date.now() + WORKING_MS;
  #last: Promise<readonly ReceivedMessage[]> | undefined;

  constructor(mapping: EventSourceMapping, context: ConsumerContext) {
    const isWanted = compileFilters(mapping.filters ?? [], mapping.sourceArn, context.region);
    this.#collect = () => collect(mapping, context, isWanted, this.#end);
  }

  /** Empty when nothing came, to this lane or to one that waited before it, or the time is over. */
  async next(): Promise<readonly ReceivedMessage[]> {
    const before = this.#last;
    this.#last = (async () => {
      const batch = await before;
      const isOver = Date.now() >= this.#end || batch?.length === 0;
      return isOver ? [] : this.#collect();
    })();
    const own = this.#last;
    const batch = await own;
    // Who comes later looks again.
    if (this.#last === own && batch.length === 0) this.#last = undefined;
    return batch;
  }
}

async function runLane(batches: Batches, mapping: EventSourceMapping, context: ConsumerContext): Promise<void> {
  for (let batch = await batches.next(); batch.length > 0; batch = await batches.next()) {
    const failed = await runBatch(batch, mapping, context);
    const done = batch.filter((message) => !failed.has(message.id));
    if (done.length > 0) await context.queue.deleteMessages(done.map(({ receipt }) => receipt));
    // What failed stays hidden for the queue's visibility timeout. A function that fails is not hurried.
    if (done.length === 0) return;
  }
}

/**
 * A batch: what is there, or what comes within the mapping's window. Messages that no filter wants are deleted, and
 * the search for others goes on until `until`.
 */
async function collect(
  mapping: EventSourceMapping,
  { queue, ...context }: ConsumerContext,
  isWanted: (message: ReceivedMessage) => boolean,
  until: number,
): Promise<ReceivedMessage[]> {
  const { uuid, batchSize, windowSeconds } = mapping;
  const latest = await context.directory.findFunction(context.accountId, mapping.functionName, LATEST);
  const runMs = Math.min((latest?.version.settings.timeoutSeconds ?? 0) * 1_000, context.maxRunMs);
  let end = Date.now() + windowSeconds * 1_000;
  const batch: ReceivedMessage[] = [];
  let characters = 0;
  for (;;) {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1_000));
    const waitSeconds = batch.length === 0 ? WAIT_SECONDS : left;
    const returnsWithinMs = runMs + left * 1_000 + MARGIN_MS;
    const limit = Math.min(batchSize - batch.length, 100);
    // What is collected first must not come again before the last has come and the function has run.
    const leastVisibilitySeconds = windowSeconds === 0 ? 0 : Math.ceil(returnsWithinMs / 1_000);
    const maxCharacters = MAX_BATCH_CHARACTERS - characters;
    const query = { limit, maxCharacters, leastVisibilitySeconds, waitSeconds, returnsWithinMs };
    const received = (await queue.poll(uuid, query)) ?? [];
    const wanted = received.filter(isWanted);
    const unwanted = received.filter((message) => !wanted.includes(message));
    if (unwanted.length > 0) await queue.deleteMessages(unwanted.map(({ receipt }) => receipt));
    batch.push(...wanted);
    characters += wanted.reduce((sum, { body }) => sum + body.length, 0);
    if (batch.length === 0 && received.length > 0 && Date.now() < until) {
      end = Date.now() + windowSeconds * 1_000;
      continue;
    }
    const isFull = batch.length >= batchSize || characters >= MAX_BATCH_CHARACTERS;
    if (isFull || batch.length === 0 || received.length === 0 || Date.now() >= end) return batch;
  }
}

/** Answers the ids of the messages that are to come again. */
async function runBatch(
  batch: readonly ReceivedMessage[],
  mapping: EventSourceMapping,
  context: ConsumerContext,
): Promise<ReadonlySet<string>> {
  const ids = new Set(batch.map(({ id }) => id));
  const { functionName, qualifier, sourceArn } = mapping;
  const { accountId, region } = context;
  try {
    const target = { accountId, name: functionName, qualifier };
    const executable = await findExecutable({ ...context, target });
    const trace = continueTrace(
      batch[0]?.details.traceHeader,
      formatFunctionArn(region, { accountId, name: functionName }),
    );
    if (trace.isLoop && !executable.allowsLoops) {
      console.warn(`${batch.length} messages of ${sourceArn} were dropped: ${functionName} causes them itself`);
      return new Set();
    }
    const output = await runExecutable(context, executable, {
      requestId: crypto.randomUUID(),
      payload: JSON.stringify(describeBatch(batch, sourceArn, region)),
      invokedArn: executable.invokedArn,
      deadlineMs: Date.now() + context.maxRunMs,
      traceId: trace.header,
    });
    if (output.functionError !== undefined) return ids;
    if (!mapping.reportsFailures) return new Set();
    return readFailures(output.payload, ids) ?? ids;
  } catch (error) {
    if (!(error instanceof ServiceError)) console.error(`messages of ${sourceArn} for ${functionName}`, error);
    return ids;
  }
}
