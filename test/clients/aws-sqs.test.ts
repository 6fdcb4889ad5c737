import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createQueue, createSqsClient, readQueueArn } from "../sdk/sqs/support.ts";
import { startVerge, type Verge } from "../support/server.ts";
import { awsEnvironment, createWorkspace, findProgram, type Workspace } from "./program.ts";

const script = join(import.meta.dirname, "boto3_sqs.py");

const installed = (paths: readonly (string | undefined)[]) => [
  ...new Set(paths.filter((path) => path !== undefined && spawnSync(path, ["--version"]).status === 0)),
];
// The first on the PATH may hide another version: boto3 and the CLI speak the Query protocol until 2023, then JSON.
const pythons = installed([findProgram("python3"), "/usr/bin/python3"]).filter(
  (path) => spawnSync(path!, ["-c", "import boto3"]).status === 0,
) as string[];
const programs = installed([findProgram("aws"), "/usr/local/bin/aws", "/usr/bin/aws"]) as string[];
if (pythons.length === 0) console.warn("not installed: boto3");
if (programs.length === 0) console.warn("not installed: aws");

let verge: Verge;
let work: Workspace;
beforeAll(async () => {
  verge = await startVerge();
  work = createWorkspace({ ...awsEnvironment(verge), VERGE_ENDPOINT: verge.endpoint, PYTHONDONTWRITEBYTECODE: "1" });
});
afterAll(async () => {
  await verge.stop();
  work.remove();
});

describe.skipIf(pythons.length === 0)("boto3", () => {
  test.each(pythons)("of %s: every step of the script passes", async (python) => {
    const { stdout } = await work.run(python, [script]);
    expect(stdout.match(/^passed/gm)).toHaveLength(6);
  });
});

describe.skipIf(programs.length === 0)("aws", () => {
  const runJson = async (program: string, ...args: string[]): Promise<Record<string, unknown>> => {
    const options = ["--endpoint-url", verge.endpoint, "--output", "json"];
    const { stdout } = await work.run(program, [...options, ...args]);
    return JSON.parse(stdout || "{}") as Record<string, unknown>;
  };

  test.each(programs)("%s sqs: a message from its sender to its receiver", async (program) => {
    const { QueueUrl } = await runJson(
      program,
      "sqs",
      "create-queue",
      "--queue-name",
      `cli-${programs.indexOf(program)}`,
    );
    const queue = ["--queue-url", QueueUrl as string];
    const attributes = '{"n":{"DataType":"Number","StringValue":"7"}}';
    await runJson(
      program,
      "sqs",
      "send-message",
      ...queue,
      "--message-body",
      "ä & <b>",
      "--message-attributes",
      attributes,
    );
    const names = ["--message-attribute-names", "All", "--attribute-names", "All"];
    const { Messages } = await runJson(
      program,
      "sqs",
      "receive-message",
      ...queue,
      ...names,
      "--wait-time-seconds",
      "2",
    );
    expect(Messages).toMatchObject([
      { Body: "ä & <b>", MessageAttributes: { n: { StringValue: "7" } }, Attributes: { ApproximateReceiveCount: "1" } },
    ]);
    const [{ ReceiptHandle }] = Messages as [{ ReceiptHandle: string }];
    await runJson(program, "sqs", "delete-message", ...queue, "--receipt-handle", ReceiptHandle);
    await runJson(program, "sqs", "delete-queue", ...queue);
  });

  test.each(programs)("%s scheduler: a schedule sends a message to a queue", async (program) => {
    const name = `scheduled-${programs.indexOf(program)}`;
    const { QueueUrl } = await runJson(program, "sqs", "create-queue", "--queue-name", name);
    const target = {
      Arn: `arn:aws:sqs:${verge.region}:${await readAccount()}:${name}`,
      RoleArn: "arn:aws:iam::123456789012:role/r",
      Input: "<aws.scheduler.schedule-arn>",
    };
    const when = ["--schedule-expression", "rate(1 day)", "--flexible-time-window", '{"Mode":"OFF"}'];
    const named = ["--name", name, ...when, "--target", JSON.stringify(target)];
    const { ScheduleArn } = await runJson(program, "scheduler", "create-schedule", ...named);
    const queue = ["--queue-url", QueueUrl as string, "--wait-time-seconds", "20"];
    const { Messages } = await runJson(program, "sqs", "receive-message", ...queue);
    expect(Messages).toMatchObject([{ Body: ScheduleArn }]);
    await runJson(program, "scheduler", "delete-schedule", "--name", name);
  });

  test.each(programs)("%s scheduler: a schedule from its creation to its end", async (program) => {
    const scheduler = (...args: string[]) => runJson(program, "scheduler", ...args);
    const target = {
      Arn: `arn:aws:lambda:${verge.region}:${await readAccount()}:function:f`,
      RoleArn: "arn:aws:iam::123456789012:role/r",
      Input: '{"a":1}',
    };
    const groupName = `cli-${programs.indexOf(program)}`;
    const group = ["--group-name", groupName];
    const name = ["--name", "nightly", ...group];
    const window = ["--flexible-time-window", '{"Mode":"OFF"}', "--target", JSON.stringify(target)];
    const { ScheduleGroupArn } = await scheduler(
      "create-schedule-group",
      "--name",
      groupName,
      "--tags",
      "Key=a,Value=b",
    );
    expect(await scheduler("list-tags-for-resource", "--resource-arn", ScheduleGroupArn as string)).toEqual({
      Tags: [{ Key: "a", Value: "b" }],
    });
    const zone = ["--schedule-expression-timezone", "Europe/Vienna", "--start-date", "2030-01-01T00:00:00Z"];
    await scheduler("create-schedule", ...name, "--schedule-expression", "cron(0 3 * * ? *)", ...zone, ...window);
    expect(await scheduler("get-schedule", ...name)).toMatchObject({
      ScheduleExpression: "cron(0 3 * * ? *)",
      ScheduleExpressionTimezone: "Europe/Vienna",
      // The first version of the program prints seconds.
      StartDate: expect.toSatisfy(
        (date: number | string) => date === 1_893_456_000 || Date.parse(`${date}`) === 1_893_456_000_000,
      ),
      Target: { Input: '{"a":1}' },
    });
    await scheduler(
      "update-schedule",
      ...name,
      "--schedule-expression",
      "rate(1 day)",
      "--state",
      "DISABLED",
      ...window,
    );
    expect(await scheduler("list-schedules", ...group)).toMatchObject({ Schedules: [{ State: "DISABLED" }] });
    await scheduler("delete-schedule", ...name);
    await scheduler("delete-schedule-group", "--name", groupName);
    await expect(scheduler("get-schedule", ...name)).rejects.toThrow("ResourceNotFoundException");
  });
});

/** The account of the root key, which ARNs name. */
async function readAccount(): Promise<string> {
  const sqs = createSqsClient(verge);
  const arn = await readQueueArn(sqs, await createQueue(sqs));
  return arn.split(":")[4]!;
}
