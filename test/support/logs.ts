import { CloudWatchLogsClient, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type {
  CloudWatchLogsClientConfig,
  FilteredLogEvent,
  FilterLogEventsCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Verge } from "./server.ts";

/** The official SDK as root of `verge`, without retries, so that the first answer is the one a test sees. */
export function createLogsClient(verge: Verge, config: CloudWatchLogsClientConfig = {}): CloudWatchLogsClient {
  return new CloudWatchLogsClient({
    endpoint: verge.endpoint,
    region: verge.region,
    credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: verge.secretAccessKey },
    maxAttempts: 1,
    ...config,
  });
}

/** How long lines of a function may take until they can be read. */
const ARRIVAL_MILLISECONDS = 10_000;

/** The events of a function's group, as soon as `isComplete` says that all have arrived. */
export async function awaitEvents(
  logs: CloudWatchLogsClient,
  input: FilterLogEventsCommandInput,
  isComplete: (events: readonly FilteredLogEvent[]) => boolean,
): Promise<FilteredLogEvent[]> {
  const deadline = performance.now() + ARRIVAL_MILLISECONDS;
  for (;;) {
    const events = await listEvents(logs, input);
    if (isComplete(events)) return events;
    if (performance.now() > deadline) throw new Error(`Only these have arrived: ${JSON.stringify(events)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** None while the group does not exist. */
async function listEvents(logs: CloudWatchLogsClient, input: FilterLogEventsCommandInput): Promise<FilteredLogEvent[]> {
  try {
    return (await logs.send(new FilterLogEventsCommand(input))).events ?? [];
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return [];
    throw error;
  }
}
