import {
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  ListTagsForResourceCommand,
  paginateDescribeLogGroups,
  paginateDescribeLogStreams,
  PutLogEventsCommand,
  PutLogGroupDeletionProtectionCommand,
  PutRetentionPolicyCommand,
  StartQueryCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogsClient } from "../../support/logs.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  verge = await startVerge();
  logs = createLogsClient(verge);
});
afterAll(() => verge.stop());

const createGroup = (logGroupName: string, more = {}) =>
  logs.send(new CreateLogGroupCommand({ logGroupName, ...more }));
const createStream = (logGroupName: string, logStreamName: string) =>
  logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
const describeGroups = async (input = {}) => (await logs.send(new DescribeLogGroupsCommand(input))).logGroups ?? [];
const namesOf = (groups: readonly { logGroupName?: string | undefined }[]) => groups.map((group) => group.logGroupName);
const failure = (name: string) => expect.objectContaining({ name });

describe("log groups", () => {
  it("are created once, described by prefix and pattern in pages, and deleted", async () => {
    for (const name of ["/app/b", "/app/a", "/app/C", "/other"]) await createGroup(name);
    await expect(createGroup("/app/a")).rejects.toEqual(failure("ResourceAlreadyExistsException"));
    expect(namesOf(await describeGroups({ logGroupNamePrefix: "/app/" }))).toEqual(["/app/C", "/app/a", "/app/b"]);
    expect(namesOf(await describeGroups({ logGroupNamePattern: "c" }))).toEqual(["/app/C"]);
    const pages: (string | undefined)[][] = [];
    for await (const { logGroups } of paginateDescribeLogGroups({ client: logs }, { limit: 2 })) {
      pages.push(namesOf(logGroups ?? []));
    }
    expect(pages).toEqual([
      ["/app/C", "/app/a"],
      ["/app/b", "/other"],
    ]);
    await logs.send(new DeleteLogGroupCommand({ logGroupName: "/other" }));
    await expect(logs.send(new DeleteLogGroupCommand({ logGroupName: "/other" }))).rejects.toEqual(
      failure("ResourceNotFoundException"),
    );
    expect(await describeGroups({ logGroupNamePrefix: "/other" })).toEqual([]);
  });

  it("keep a retention that AWS knows", async () => {
    await createGroup("retained");
    const put = (retentionInDays: number) =>
      logs.send(new PutRetentionPolicyCommand({ logGroupName: "retained", retentionInDays }));
    await put(7);
    expect((await describeGroups({ logGroupNamePrefix: "retained" }))[0]?.retentionInDays).toBe(7);
    await expect(put(8)).rejects.toEqual(failure("InvalidParameterException"));
    await logs.send(new DeleteRetentionPolicyCommand({ logGroupName: "retained" }));
    expect((await describeGroups({ logGroupNamePrefix: "retained" }))[0]).not.toHaveProperty("retentionInDays");
    await expect(
      logs.send(new PutRetentionPolicyCommand({ logGroupName: "nobody", retentionInDays: 1 })),
    ).rejects.toEqual(failure("ResourceNotFoundException"));
  });

  it("have tags, and may be protected", async () => {
    await createGroup("tagged", { tags: { team: "one" }, deletionProtectionEnabled: true });
    const resourceArn = (await describeGroups({ logGroupNamePrefix: "tagged" }))[0]?.logGroupArn;
    await logs.send(new TagResourceCommand({ resourceArn, tags: { team: "two", cost: "low" } }));
    await logs.send(new UntagResourceCommand({ resourceArn, tagKeys: ["cost", "unknown"] }));
    const list = () => logs.send(new ListTagsForResourceCommand({ resourceArn }));
    expect((await list()).tags).toEqual({ team: "two" });
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key-${index}`, ""]));
    await expect(logs.send(new TagResourceCommand({ resourceArn, tags: many }))).rejects.toEqual(
      failure("TooManyTagsException"),
    );
    await expect(logs.send(new TagResourceCommand({ resourceArn, tags: { "bad\u0001key": "" } }))).rejects.toEqual(
      failure("InvalidParameterException"),
    );
    await expect(logs.send(new DeleteLogGroupCommand({ logGroupName: "tagged" }))).rejects.toEqual(
      failure("ValidationException"),
    );
    const protect = { logGroupIdentifier: "tagged", deletionProtectionEnabled: false };
    await logs.send(new PutLogGroupDeletionProtectionCommand(protect));
    await logs.send(new DeleteLogGroupCommand({ logGroupName: "tagged" }));
    await expect(list()).rejects.toEqual(failure("ResourceNotFoundException"));
  });

  it.each([["with space"], ["a:b"], ["x".repeat(513)]])("have no name like %j", async (name) => {
    await expect(createGroup(name)).rejects.toEqual(failure("InvalidParameterException"));
  });
});

describe("log streams", () => {
  it("are ordered by name or last event, in pages", async () => {
    await createGroup("streams");
    for (const name of ["b", "a", "c"]) await createStream("streams", name);
    await expect(createStream("streams", "a")).rejects.toEqual(failure("ResourceAlreadyExistsException"));
    await expect(createStream("nobody", "a")).rejects.toEqual(failure("ResourceNotFoundException"));
    const now = Date.now();
    for (const [name, timestamp] of [
      ["b", now - 1_000],
      ["a", now - 2_000],
    ] as const) {
      const input = { logGroupName: "streams", logStreamName: name, logEvents: [{ timestamp, message: "x" }] };
      await logs.send(new PutLogEventsCommand(input));
    }
    const list = async (input: object) => {
      const pages: (string | undefined)[][] = [];
      for await (const page of paginateDescribeLogStreams({ client: logs }, { logGroupName: "streams", ...input })) {
        pages.push((page.logStreams ?? []).map((stream) => stream.logStreamName));
      }
      return pages;
    };
    expect(await list({})).toEqual([["a", "b", "c"]]);
    expect(await list({ descending: true, limit: 2 })).toEqual([["c", "b"], ["a"]]);
    expect(await list({ orderBy: "LastEventTime", limit: 1 })).toEqual([["c"], ["a"], ["b"]]);
    expect(await list({ orderBy: "LastEventTime", descending: true, limit: 2 })).toEqual([["b", "a"], ["c"]]);
    expect(await list({ logStreamNamePrefix: "b" })).toEqual([["b"]]);
    await expect(list({ logStreamNamePrefix: "b", orderBy: "LastEventTime" })).rejects.toEqual(
      failure("InvalidParameterException"),
    );
    await logs.send(new DeleteLogStreamCommand({ logGroupName: "streams", logStreamName: "b" }));
    expect(await list({})).toEqual([["a", "c"]]);
    await expect(
      logs.send(new DeleteLogStreamCommand({ logGroupName: "streams", logStreamName: "b" })),
    ).rejects.toEqual(failure("ResourceNotFoundException"));
  });
});

describe("another account", () => {
  it("sees and writes its own logs alone", async () => {
    await createGroup("/private");
    await createStream("/private", "s");
    const { id, key } = await callVerge<{ id: string; key: { accessKeyId: string; secretAccessKey: string } }>(
      verge,
      "POST",
      "/accounts",
      { name: "other" },
    );
    const others = createLogsClient(verge, { credentials: key });
    expect((await others.send(new DescribeLogGroupsCommand({}))).logGroups).toEqual([]);
    const logEvents = [{ timestamp: Date.now(), message: "forged" }];
    await expect(
      others.send(new PutLogEventsCommand({ logGroupName: "/private", logStreamName: "s", logEvents })),
    ).rejects.toEqual(failure("ResourceNotFoundException"));
    const arn = (await describeGroups({ logGroupNamePrefix: "/private" }))[0]?.logGroupArn;
    await expect(others.send(new FilterLogEventsCommand({ logGroupIdentifier: arn }))).rejects.toEqual(
      failure("InvalidParameterException"),
    );
    expect(arn).not.toContain(id);
    expect((await logs.send(new FilterLogEventsCommand({ logGroupIdentifier: arn }))).events).toEqual([]);
  });
});

describe("what is not served", () => {
  it("names itself", async () => {
    const query = { logGroupName: "g", startTime: 0, endTime: 1, queryString: "fields @message" };
    await expect(logs.send(new StartQueryCommand(query))).rejects.toMatchObject({
      name: "NotImplementedException",
      message: expect.stringContaining("StartQuery"),
    });
  });

  it("needs a signature like everything else", async () => {
    const wrong = createLogsClient(verge, {
      credentials: { accessKeyId: verge.accessKeyId, secretAccessKey: "wrong" },
    });
    await expect(wrong.send(new DescribeLogGroupsCommand({}))).rejects.toEqual(failure("InvalidSignatureException"));
    const unsigned = await fetch(verge.endpoint, {
      method: "POST",
      headers: { "x-amz-target": "Logs_20140328.DescribeLogGroups", "content-type": "application/x-amz-json-1.1" },
      body: "{}",
    });
    expect(unsigned.status).toBeGreaterThanOrEqual(400);
  });
});
