import type { LogEvent } from "../metadata/logs/protocol.ts";
import { createSegments } from "../metadata/logs/new-segments.ts";
import type { LogsCall } from "./call.ts";
import { invalidParameter, streamNotFound } from "./errors.ts";
import { GROUP_NAME, STREAM_NAME } from "./names.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** "The maximum batch size is 1,048,576 bytes … the sum of all event messages in UTF-8, plus 26 bytes for each." */
const MAX_BATCH_BYTES = 1_048_576;
const EVENT_BYTES = 26;
const MAX_EVENTS = 10_000;
/** Of one message with its 26 bytes. Newer than 2025-04, AWS takes 1 MB. */
const MAX_EVENT_BYTES = 262_144;

/** PutLogEvents. What is too old, too new or has expired is left out, and the answer tells which that was. */
export async function putLogEvents({ ask, input }: LogsCall): Promise<object> {
  const group = input.requireText("logGroupName", GROUP_NAME);
  const stream = input.requireText("logStreamName", STREAM_NAME);
  const events = (input.structures("logEvents") ?? []).map((event): LogEvent => {
    const timestamp = event.integer("timestamp", { min: 0 });
    if (timestamp === undefined) event.violate("timestamp", "null", "not be null");
    return [timestamp ?? 0, event.requireText("message", { min: 1 })];
  });
  if (events.length === 0 || events.length > MAX_EVENTS) {
    input.violate("logEvents", `of length ${events.length}`, `have length between 1 and ${MAX_EVENTS}`);
  }
  input.finish();
  checkBatch(events);
  const found = await ask((index) => index.findStream(group, stream));
  if (found.outcome !== "found") throw streamNotFound(found.outcome);
  const now = Date.now();
  const rejected = describeRejected(events, found.retentionDays, now);
  const accepted = events.slice(rejected.accepted.from, rejected.accepted.to);
  const segments = createSegments({ group, stream, events: accepted }, now);
  if (segments.length > 0) await ask((index) => index.append(segments, false));
  return {
    nextSequenceToken: String(now),
    ...(Object.keys(rejected.info).length > 0 && { rejectedLogEventsInfo: rejected.info }),
  };
}

function checkBatch(events: readonly LogEvent[]): void {
  let bytes = 0;
  for (const [index, [timestamp, message]] of events.entries()) {
    if (index > 0 && timestamp < events[index - 1]![0]) {
      throw invalidParameter("Log events in a single PutLogEvents request must be in chronological order.");
    }
    const size = Buffer.byteLength(message) + EVENT_BYTES;
    if (size > MAX_EVENT_BYTES)
      throw invalidParameter(`Log event too large: ${size} bytes exceeds limit of ${MAX_EVENT_BYTES}`);
    bytes += size;
  }
  if (bytes > MAX_BATCH_BYTES) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MAX_BATCH_BYTES}`);
  }
  if (events.at(-1)![0] - events[0]![0] > DAY_MS) {
    throw invalidParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.");
  }
}

/** Events come in the order of their times, so that each kind of rejected ones is at one end. */
function describeRejected(events: readonly LogEvent[], retentionDays: number | undefined, now: number) {
  const countBefore = (time: number) => events.filter(([timestamp]) => timestamp < time).length;
  const tooOld = countBefore(now - 14 * DAY_MS);
  const expired = retentionDays === undefined ? 0 : countBefore(now - retentionDays * DAY_MS);
  const tooNew = countBefore(now + 2 * HOUR_MS + 1);
  return {
    accepted: { from: Math.max(tooOld, expired), to: tooNew },
    info: {
      ...(tooNew < events.length && { tooNewLogEventStartIndex: tooNew }),
      ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
      ...(expired > 0 && { expiredLogEventEndIndex: expired }),
    },
  };
}
