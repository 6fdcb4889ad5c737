import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { setTimeout as wait } from "node:timers/promises";
import { DEFAULT_REGION } from "../../local/runtime.ts";
import { runLoad } from "../load.ts";
import type { Side } from "../side.ts";
import { createFunction, EVENT, HANDLER, invokePath } from "./verge-functions.ts";

export interface Drained {
  readonly events: number;
  /** From the first call to the end of the last invocation. */
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** The 202s alone. */
  readonly acceptedPerSecond: number;
}

const EVENTS = 2_000;
const CONNECTIONS = 16;
const PATIENCE_MILLISECONDS = 120_000;

/** Sends asynchronous invocations, and reads from their logs when the last of them had run. */
export async function measureEvents(verge: Side): Promise<Drained> {
  await createFunction(verge, "events", { "index.js": HANDLER });
  const plan = {
    method: "POST",
    target: invokePath("events"),
    body: EVENT,
    signed: "lambda",
    headers: { "x-amz-invocation-type": "Event" },
    expect: { status: 202 },
  } as const;
  const request = verge.prepare(plan);
  let left = EVENTS;
  const begin = Date.now();
  const accepted = await runLoad({
    origin: verge.origin,
    connections: CONNECTIONS,
    seconds: PATIENCE_MILLISECONDS / 1000,
    next: () => (left-- > 0 ? request : undefined),
  });
  const end = await waitForLast(verge, begin);
  const seconds = (end - begin) / 1000;
  return { events: EVENTS, seconds, eventsPerSecond: EVENTS / seconds, acceptedPerSecond: accepted.requestsPerSecond };
}

/** When the last of all invocations ended, milliseconds since 1970. Logs come seconds later. */
async function waitForLast(verge: Side, begin: number): Promise<number> {
  const { accessKeyId, secretAccessKey } = verge.keys;
  const logs = new CloudWatchLogsClient({
    endpoint: verge.origin,
    region: DEFAULT_REGION,
    credentials: { accessKeyId, secretAccessKey },
  });
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  let found = 0;
  while (Date.now() < deadline) {
    const ends = await readEnds(logs, begin);
    found = ends.size;
    if (found >= EVENTS) return Math.max(...ends.values());
    await wait(1_000);
  }
  throw new Error(`Of ${EVENTS} events ${found} have left their log.`);
}

/** By invocation: one that ran twice counts once. */
async function readEnds(logs: CloudWatchLogsClient, startTime: number): Promise<Map<string, number>> {
  const ends = new Map<string, number>();
  let nextToken: string | undefined;
  do {
    const filter = { logGroupName: "/aws/lambda/events", filterPattern: '"END RequestId"', startTime, nextToken };
    const page = await logs.send(new FilterLogEventsCommand(filter)).catch((error: Error) => {
      if (error.name === "ResourceNotFoundException") return { events: [], nextToken: undefined };
      throw error;
    });
    for (const { message, timestamp } of page.events ?? []) ends.set(message ?? "", timestamp ?? 0);
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return ends;
}
