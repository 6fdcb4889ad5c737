import {
  type CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateAliasCommand,
  DeleteFunctionCommand,
  type LambdaClient,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createFunction, createLambdaClient, invokeFunction } from "../../support/lambda.ts";
import { awaitEvents, createLogsClient } from "../../support/logs.ts";
import type { Verge } from "../../support/server.ts";
import { startVerge } from "../../support/server.ts";
import { callVerge } from "../../support/verge-api.ts";

let verge: Verge;
let lambda: LambdaClient;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  verge = await startVerge({ settings: { VERGE_LOG_INTERVAL_SECONDS: "0.2" } });
  lambda = createLambdaClient(verge);
  logs = createLogsClient(verge);
});
afterAll(() => verge.stop());

const groupOf = (name: string) => `/aws/lambda/${name}`;
const reports = (count: number) => (events: readonly { message?: string | undefined }[]) =>
  events.filter(({ message }) => message?.startsWith("REPORT")).length === count;

describe("the logs of a function", () => {
  it("have the lines of each invocation between START, END and REPORT", async () => {
    const name = await createFunction(
      lambda,
      "exports.handler = async ({ say }, context) => { console.log(say + '\\nand more'); return context.logStreamName; };",
    );
    const began = Date.now();
    const first = await invokeFunction(lambda, name, { say: "one" });
    const second = await invokeFunction(lambda, name, { say: "two" });
    const events = await awaitEvents(logs, { logGroupName: groupOf(name) }, reports(2));
    const of = (id: string | undefined) => events.filter(({ message }) => message?.includes(id ?? "?"));
    const [start, line, end, report] = of(first.$metadata.requestId).map(({ message }) => message);
    const id = first.$metadata.requestId;
    expect(start).toBe(`START RequestId: ${id} Version: $LATEST\n`);
    // A record of the console is one event, however many lines it has.
    expect(line).toMatch(new RegExp(`^\\S+Z\t${id}\tINFO\tone\nand more\n$`));
    expect(end).toBe(`END RequestId: ${id}\n`);
    expect(report).toMatch(
      new RegExp(
        `^REPORT RequestId: ${id}\tDuration: [\\d.]+ ms\tBilled Duration: \\d+ ms\tMemory Size: 128 MB\tInit Duration: [\\d.]+ ms\t\n$`,
      ),
    );
    expect(of(second.$metadata.requestId)).toHaveLength(4);
    // Both ran in one environment, which told the handler its stream.
    expect(second.result).toBe(first.result);
    expect(first.result).toMatch(/^\d{4}\/\d{2}\/\d{2}\/\[\$LATEST\][0-9a-f]{32}$/);
    expect(new Set(events.map(({ logStreamName }) => logStreamName))).toEqual(new Set([first.result]));
    const times = events.map(({ timestamp }) => timestamp ?? 0);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    for (const { eventId, ingestionTime, timestamp } of events) {
      expect(timestamp).toBeGreaterThanOrEqual(began);
      expect(ingestionTime).toBeGreaterThanOrEqual(timestamp!);
      expect(eventId).toMatch(/^\d{56}$/);
    }
  });

  it("tell of errors, time-outs and what is written while modules load", async () => {
    const name = await createFunction(
      lambda,
      "console.log('loading'); exports.handler = async ({ sleep }) => { if (sleep) await new Promise(() => setTimeout(() => {}, 60000)); throw new TypeError('broken'); };",
      { Timeout: 1 },
    );
    await invokeFunction(lambda, name, {});
    await invokeFunction(lambda, name, { sleep: true });
    const events = await awaitEvents(logs, { logGroupName: groupOf(name) }, reports(2));
    const text = events.map(({ message }) => message).join("");
    expect(text).toMatch(/\tundefined\tINFO\tloading\nSTART/);
    expect(text).toMatch(/\tERROR\tInvoke Error\s+\{"errorType":"TypeError","errorMessage":"broken"/);
    expect(text).toMatch(/Task timed out after 1\.00 seconds\n/);
    expect(text).toMatch(/REPORT .*\tStatus: timeout\t\n$/);
  });

  it("are described as groups and streams, and survive the function", async () => {
    const name = await createFunction(lambda, "exports.handler = async () => console.log('here');");
    await invokeFunction(lambda, name);
    await awaitEvents(logs, { logGroupName: groupOf(name) }, reports(1));
    await lambda.send(new DeleteFunctionCommand({ FunctionName: name }));
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: groupOf(name) }));
    expect(logGroups).toMatchObject([
      {
        logGroupName: groupOf(name),
        arn: expect.stringMatching(new RegExp(`^arn:aws:logs:us-east-1:\\d{12}:log-group:${groupOf(name)}:\\*$`)),
        storedBytes: expect.any(Number),
        logGroupClass: "STANDARD",
      },
    ]);
    const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName: groupOf(name) }));
    expect(logStreams).toHaveLength(1);
    const [stream] = logStreams ?? [];
    const read = await logs.send(
      new GetLogEventsCommand({
        logGroupName: groupOf(name),
        logStreamName: stream!.logStreamName,
        startFromHead: true,
      }),
    );
    expect(read.events?.map(({ message }) => message?.split(/[ \t]/)[0])).toEqual([
      "START",
      expect.stringContaining("Z"),
      "END",
      "REPORT",
    ]);
    expect(stream).toMatchObject({
      firstEventTimestamp: read.events?.[0]?.timestamp,
      lastEventTimestamp: read.events?.at(-1)?.timestamp,
    });
  });

  it("go to the group of the LoggingConfig, whose streams name the function", async () => {
    const LoggingConfig = { LogGroup: "/shared/group" };
    const name = await createFunction(lambda, "exports.handler = async () => console.log('shared');", {
      LoggingConfig,
    });
    await invokeFunction(lambda, name);
    const events = await awaitEvents(logs, { logGroupName: "/shared/group" }, reports(1));
    expect(events[0]?.logStreamName).toMatch(new RegExp(`^\\d{4}/\\d{2}/\\d{2}/${name}\\[\\$LATEST\\][0-9a-f]{32}$`));
    await expect(logs.send(new FilterLogEventsCommand({ logGroupName: groupOf(name) }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });

  it("cannot be put in another function's streams", async () => {
    const stolen = "2026/01/01/victim[$LATEST]0123456789abcdef0123456789abcdef";
    // What the shim answers goes through JSON, which asks every object for its own form.
    const forged = { logStream: stolen, log: { text: "forged\n", marks: [7, 1] } };
    const code = `
      const toJSON = function () { return this.kind === "done" ? { ...this, ...${JSON.stringify(forged)} } : this; };
      exports.handler = async () => { Object.defineProperty(Object.prototype, "toJSON", { value: toJSON }); };`;
    const began = Date.now();
    const name = await createFunction(lambda, code, { LoggingConfig: { LogGroup: "/shared/forged" } });
    await invokeFunction(lambda, name);
    const events = await awaitEvents(logs, { logGroupName: "/shared/forged" }, reports(1));
    // What it says of itself is its own affair.
    expect(events.map(({ message }) => message)).toContain("forged\n");
    for (const { logStreamName, timestamp } of events) {
      expect(logStreamName).toContain(`/${name}[$LATEST]`);
      expect(timestamp).toBeGreaterThanOrEqual(began);
    }
  });

  it("come with a record of each invocation, also of those that were refused", async () => {
    const name = await createFunction(
      lambda,
      "exports.handler = async ({ fail }) => { if (fail) throw new TypeError('broken'); };",
    );
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 0 }));
    await expect(invokeFunction(lambda, name)).rejects.toMatchObject({ name: "TooManyRequestsException" });
    const { Version = "" } = await lambda.send(new PublishVersionCommand({ FunctionName: name }));
    await lambda.send(new CreateAliasCommand({ FunctionName: name, Name: "live", FunctionVersion: Version }));
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }));
    const { $metadata } = await invokeFunction(lambda, name, {}, { Qualifier: "live" });
    await invokeFunction(lambda, name, { fail: true });
    // What was refused has no lines.
    expect(await awaitEvents(logs, { logGroupName: groupOf(name) }, reports(2))).toHaveLength(7);
    const [account] = (await callVerge<{ accounts: { id: string }[] }>(verge, "GET", "/accounts")).accounts;
    const path = `/accounts/${account?.id}/functions/${name}/invocations`;
    const list = (query = "") =>
      callVerge<{ invocations: Record<string, unknown>[]; next?: string }>(verge, "GET", path + query);
    const { invocations } = await list();
    expect(invocations).toMatchObject([
      { outcome: "error", errorType: "TypeError", version: "$LATEST", memoryMb: 128, billedMs: expect.any(Number) },
      { outcome: "success", requestId: $metadata.requestId, version: "1", alias: "live", initMs: expect.any(Number) },
      { outcome: "throttled", functionName: name, errorType: "TooManyRequestsException", billedMs: 0 },
    ]);
    const first = await list("?limit=2");
    expect(first.invocations).toEqual(invocations.slice(0, 2));
    expect((await list(`?limit=2&after=${first.next}`)).invocations).toEqual(invocations.slice(2));
  });
});
