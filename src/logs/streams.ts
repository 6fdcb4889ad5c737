import type { LogStream } from "../metadata/logs/protocol.ts";
import type { LogsCall } from "./call.ts";
import { groupNotFound, invalidParameter, logsError, streamNotFound } from "./errors.ts";
import { formatGroupArn, GROUP_NAME, readGroup, STREAM_NAME } from "./names.ts";
import { decodeToken, encodeToken } from "./tokens.ts";

const MAX_PAGE = 50;

/** CreateLogStream. */
export async function createLogStream({ ask, input }: LogsCall): Promise<undefined> {
  const group = input.requireText("logGroupName", GROUP_NAME);
  const stream = input.requireText("logStreamName", STREAM_NAME);
  input.finish();
  const outcome = await ask((index) => index.createStream(group, stream));
  if (outcome === "group-not-found") throw groupNotFound();
  if (outcome === "exists") {
    throw logsError("ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  return undefined;
}

/** DeleteLogStream. */
export async function deleteLogStream({ ask, input }: LogsCall): Promise<undefined> {
  const group = input.requireText("logGroupName", GROUP_NAME);
  const stream = input.requireText("logStreamName", STREAM_NAME);
  input.finish();
  const outcome = await ask((index) => index.deleteStream(group, stream));
  if (outcome !== "found") throw streamNotFound(outcome);
  return undefined;
}

/** DescribeLogStreams: by name, or by the time of the last event. */
export async function describeLogStreams(call: LogsCall): Promise<object> {
  const { ask, input } = call;
  const group = readGroup(call);
  const prefix = input.text("logStreamNamePrefix", STREAM_NAME);
  const orderBy = (input.text("orderBy", { values: ["LogStreamName", "LastEventTime"] }) ?? "LogStreamName") as
    | "LogStreamName"
    | "LastEventTime";
  const descending = input.boolean("descending") ?? false;
  const limit = input.integer("limit", { min: 1, max: MAX_PAGE }) ?? MAX_PAGE;
  const token = input.text("nextToken", { min: 1 });
  input.finish();
  if (orderBy === "LastEventTime" && prefix !== undefined) {
    throw invalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const [name, lastEventAt] = token === undefined ? [] : decodeToken(token);
  const after = name === undefined ? {} : { after: { name: String(name), lastEventAt: Number(lastEventAt) } };
  const page = await ask((index) =>
    index.listStreams({ group, prefix: prefix ?? "", orderBy, descending, limit, ...after }),
  );
  if (!page) throw groupNotFound();
  const last = page.items.at(-1);
  return {
    logStreams: page.items.map((stream) => describeStream(`${formatGroupArn(call, group)}:log-stream:`, stream)),
    ...(page.more && last && { nextToken: encodeToken([last.name, last.lastEventAt ?? 0]) }),
  };
}

function describeStream(arnPrefix: string, stream: LogStream): object {
  return {
    logStreamName: stream.name,
    creationTime: stream.createdAt,
    ...(stream.firstEventAt !== undefined && { firstEventTimestamp: stream.firstEventAt }),
    ...(stream.lastEventAt !== undefined && { lastEventTimestamp: stream.lastEventAt }),
    ...(stream.lastIngestedAt !== undefined && { lastIngestionTime: stream.lastIngestedAt }),
    // Tokens have not been needed since 2023, and are still sent for older clients.
    uploadSequenceToken: String(stream.lastIngestedAt ?? stream.createdAt),
    arn: arnPrefix + stream.name,
    // "As of June 17, 2019 this parameter is no longer supported for log streams": zero.
    storedBytes: 0,
  };
}
