import {
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  CreateScheduleGroupCommand,
  DeleteScheduleCommand,
  DeleteScheduleGroupCommand,
  GetScheduleCommand,
  GetScheduleGroupCommand,
  ListScheduleGroupsCommand,
  ListSchedulesCommand,
  ListTagsForResourceCommand,
  SchedulerClient,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateScheduleCommand,
} from "@aws-sdk/client-scheduler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startVerge, type Verge } from "../../support/server.ts";

let verge: Verge;
let scheduler: SchedulerClient;
let accountId: string;
beforeAll(async () => {
  verge = await startVerge();
  scheduler = createSchedulerClient(verge.secretAccessKey);
  const { Arn } = await scheduler.send(new GetScheduleGroupCommand({ Name: "default" }));
  accountId = Arn!.split(":")[4]!;
});
afterAll(() => verge.stop());

function createSchedulerClient(secretAccessKey: string): SchedulerClient {
  const { endpoint, region, accessKeyId } = verge;
  return new SchedulerClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
}

const describeSchedule = (
  Name: string,
  more: Partial<CreateScheduleCommandInput> = {},
): CreateScheduleCommandInput => ({
  Name,
  ScheduleExpression: "cron(0 3 * * ? *)",
  FlexibleTimeWindow: { Mode: "OFF" },
  Target: {
    Arn: `arn:aws:lambda:${verge.region}:${accountId}:function:report`,
    RoleArn: `arn:aws:iam::${accountId}:role/scheduler`,
  },
  ...more,
});
const create = (name: string, more: Partial<CreateScheduleCommandInput> = {}) =>
  scheduler.send(new CreateScheduleCommand(describeSchedule(name, more)));

describe("schedules", () => {
  it("are created, read, replaced, and deleted", async () => {
    const { ScheduleArn } = await create("nightly", {
      Description: "every night",
      ScheduleExpressionTimezone: "Europe/Paris",
    });
    expect(ScheduleArn).toBe(`arn:aws:scheduler:${verge.region}:${accountId}:schedule/default/nightly`);
    expect(await scheduler.send(new GetScheduleCommand({ Name: "nightly" }))).toMatchObject({
      Arn: ScheduleArn,
      GroupName: "default",
      State: "ENABLED",
      Description: "every night",
      ScheduleExpression: "cron(0 3 * * ? *)",
      ScheduleExpressionTimezone: "Europe/Paris",
      ActionAfterCompletion: "NONE",
      CreationDate: expect.any(Date),
      Target: { RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 } },
    });
    const StartDate = new Date("2030-01-01T00:00:00.000Z");
    await scheduler.send(
      new UpdateScheduleCommand(describeSchedule("nightly", { ScheduleExpression: "rate(2 hours)", StartDate })),
    );
    const replaced = await scheduler.send(new GetScheduleCommand({ Name: "nightly" }));
    expect(replaced).toMatchObject({
      ScheduleExpression: "rate(2 hours)",
      ScheduleExpressionTimezone: "UTC",
      StartDate,
    });
    expect(replaced.Description).toBeUndefined();
    await scheduler.send(new DeleteScheduleCommand({ Name: "nightly" }));
    for (const command of [
      new GetScheduleCommand({ Name: "nightly" }),
      new DeleteScheduleCommand({ Name: "nightly" }),
      new UpdateScheduleCommand(describeSchedule("nightly")),
    ]) {
      await expect(scheduler.send(command as GetScheduleCommand)).rejects.toMatchObject({
        name: "ResourceNotFoundException",
        message: "Schedule nightly does not exist.",
      });
    }
  });

  it("are unique in their group, and created once by a token", async () => {
    const ClientToken = "token-1";
    await create("once", { ClientToken });
    await create("once", { ClientToken });
    await expect(create("once")).rejects.toMatchObject({
      name: "ConflictException",
      $metadata: { httpStatusCode: 409 },
    });
    await expect(create("once", { GroupName: "nowhere" })).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      message: "Schedule group nowhere does not exist.",
    });
  });

  it("are listed by group, prefix and state, in pages", async () => {
    await scheduler.send(new CreateScheduleGroupCommand({ Name: "listed" }));
    for (const name of ["a1", "a2", "a3", "b1"]) await create(name, { GroupName: "listed" });
    await create("a4", { GroupName: "listed", State: "DISABLED" });
    const first = await scheduler.send(
      new ListSchedulesCommand({ GroupName: "listed", NamePrefix: "a", MaxResults: 2 }),
    );
    const { NextToken } = first;
    const rest = await scheduler.send(new ListSchedulesCommand({ GroupName: "listed", NamePrefix: "a", NextToken }));
    expect([first, rest].map(({ Schedules }) => Schedules?.map(({ Name }) => Name))).toEqual([
      ["a1", "a2"],
      ["a3", "a4"],
    ]);
    expect(rest.NextToken).toBeUndefined();
    const disabled = await scheduler.send(new ListSchedulesCommand({ State: "DISABLED" }));
    expect(disabled.Schedules).toMatchObject([
      { Name: "a4", GroupName: "listed", Target: { Arn: expect.any(String) } },
    ]);
  });

  it.each<[string, Partial<CreateScheduleCommandInput>, RegExp]>([
    [
      "a wrong expression",
      { ScheduleExpression: "cron(0 3 * * *)" },
      /^Invalid Schedule Expression cron\(0 3 \* \* \*\)\.$/,
    ],
    [
      "an unknown zone",
      { ScheduleExpressionTimezone: "Mars/Base" },
      /^Invalid Schedule Expression Timezone Mars\/Base\.$/,
    ],
    ["a window without its length", { FlexibleTimeWindow: { Mode: "FLEXIBLE" } }, /MaximumWindowInMinutes must be set/],
    [
      "an end before the start",
      { StartDate: new Date(2e12), EndDate: new Date(1e12) },
      /StartDate .* must come before/,
    ],
    [
      "a date behind all years",
      { StartDate: new Date(8.64e15), ScheduleExpression: "cron(0 3 * * ? *)" },
      /StartDate is not a valid timestamp/,
    ],
    [
      "another service's target",
      { Target: { Arn: "arn:aws:sns:us-east-1:123456789012:t", RoleArn: "arn:aws:iam::123456789012:role/r" } },
      /Provided Arn is not in correct format/,
    ],
    [
      "what is no role",
      { Target: { Arn: "a", RoleArn: "r" } },
      /failed to satisfy constraint: Member must satisfy regular expression pattern/,
    ],
    [
      "an impossible state",
      { State: "ON" as "ENABLED" },
      /'state' failed to satisfy constraint: Member must satisfy enum value set/,
    ],
  ])("are refused for %s", async (_what, more, message) => {
    await expect(create("refused", more)).rejects.toMatchObject({
      name: "ValidationException",
      message: expect.stringMatching(message),
    });
  });

  it("need a valid signature", async () => {
    await expect(createSchedulerClient("wrong").send(new ListSchedulesCommand({}))).rejects.toMatchObject({
      name: "InvalidSignatureException",
      $metadata: { httpStatusCode: 403 },
    });
  });
});

describe("groups", () => {
  it("hold tags and schedules, and go with them", async () => {
    const Tags = [{ Key: "team", Value: "storage" }];
    const { ScheduleGroupArn } = await scheduler.send(new CreateScheduleGroupCommand({ Name: "team", Tags }));
    await create("inside", { GroupName: "team" });
    expect(await scheduler.send(new GetScheduleGroupCommand({ Name: "team" }))).toMatchObject({
      Arn: ScheduleGroupArn,
      State: "ACTIVE",
    });
    await scheduler.send(
      new TagResourceCommand({ ResourceArn: ScheduleGroupArn, Tags: [{ Key: "cost", Value: "1" }] }),
    );
    await scheduler.send(new UntagResourceCommand({ ResourceArn: ScheduleGroupArn, TagKeys: ["team"] }));
    const tagged = await scheduler.send(new ListTagsForResourceCommand({ ResourceArn: ScheduleGroupArn }));
    expect(tagged.Tags).toEqual([{ Key: "cost", Value: "1" }]);
    await scheduler.send(new DeleteScheduleGroupCommand({ Name: "team" }));
    await expect(scheduler.send(new GetScheduleCommand({ Name: "inside", GroupName: "team" }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const { ScheduleGroups } = await scheduler.send(new ListScheduleGroupsCommand({ NamePrefix: "de" }));
    expect(ScheduleGroups?.map(({ Name }) => Name)).toEqual(["default"]);
    await expect(scheduler.send(new DeleteScheduleGroupCommand({ Name: "default" }))).rejects.toMatchObject({
      name: "ValidationException",
    });
  });
});
