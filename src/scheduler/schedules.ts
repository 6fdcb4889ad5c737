import { formatScheduleArn } from "../metadata/schedule/arn.ts";
import type { ScheduleName, ScheduleRecord, ScheduleSettings } from "../metadata/schedule/protocol.ts";
import {
  checkName,
  createViolations,
  readInput,
  readPaging,
  type SchedulerCall,
  toSeconds,
  writeToken,
} from "./call.ts";
import { groupNotFound, scheduleNotFound, schedulerError } from "./errors.ts";
import { readSettings } from "./schedule-input.ts";

const DEFAULT_GROUP = "default";
/** Neither can be part of a name. */
const SEPARATOR = "/";

/** CreateSchedule. The same again with the same ClientToken answers the same. */
export async function createSchedule(call: SchedulerCall): Promise<object> {
  const input = readInput(call);
  const token = input.text("ClientToken", { min: 1, max: 64, pattern: /^[a-zA-Z0-9-_]+$/ });
  const name = readName(call, input.text("GroupName"));
  const settings = readSettings(input, call.owner);
  const outcome = await call.schedules.createSchedule(call.owner, name, settings, token);
  if (outcome === "no-group") throw groupNotFound(name.group);
  if (outcome === "exists") throw schedulerError("ConflictException", `Schedule ${name.name} already exists.`);
  return { ScheduleArn: formatScheduleArn(call.owner, name) };
}

/** UpdateSchedule: what is not given goes back to its default. */
export async function updateSchedule(call: SchedulerCall): Promise<object> {
  const input = readInput(call);
  const name = readName(call, input.text("GroupName"));
  const settings = readSettings(input, call.owner);
  if (!(await call.schedules.updateSchedule(name, settings))) throw scheduleNotFound(name.name);
  return { ScheduleArn: formatScheduleArn(call.owner, name) };
}

/** GetSchedule. */
export async function getSchedule(call: SchedulerCall): Promise<object> {
  const name = readName(call, call.query.get("groupName"));
  const record = await call.schedules.findSchedule(name);
  if (!record) throw scheduleNotFound(name.name);
  return {
    Arn: formatScheduleArn(call.owner, name),
    GroupName: name.group,
    Name: name.name,
    CreationDate: toSeconds(record.createdAt),
    LastModificationDate: toSeconds(record.modifiedAt),
    ...renderSettings(record.settings),
  };
}

/** DeleteSchedule. */
export async function deleteSchedule(call: SchedulerCall): Promise<object> {
  const name = readName(call, call.query.get("groupName"));
  if (!(await call.schedules.deleteSchedule(name))) throw scheduleNotFound(name.name);
  return {};
}

/** ListSchedules: of one group or of all. */
export async function listSchedules(call: SchedulerCall): Promise<object> {
  const { query, owner } = call;
  const violations = createViolations();
  const group = query.get("ScheduleGroup");
  const prefix = query.get("NamePrefix");
  const state = query.get("State");
  if (group !== undefined) checkName(violations, "groupName", group);
  if (prefix !== undefined) checkName(violations, "namePrefix", prefix);
  if (state !== undefined) violations.checkText("state", state, { values: ["ENABLED", "DISABLED"] });
  const { limit, after } = readPaging(query, violations);
  violations.throwAny();
  const page = await call.schedules.listSchedules({
    limit,
    ...(group !== undefined && { group }),
    ...(prefix !== undefined && { prefix }),
    ...(state !== undefined && { state: state === "DISABLED" ? "DISABLED" : "ENABLED" }),
    ...(after !== "" && { after: splitName(after) }),
  });
  if (!page) throw groupNotFound(group ?? "");
  const last = page.items.at(-1);
  return {
    Schedules: page.items.map((record) => summarise(record, formatScheduleArn(owner, record))),
    ...(page.more && last && { NextToken: writeToken(`${last.group}${SEPARATOR}${last.name}`) }),
  };
}

function summarise({ group, name, createdAt, modifiedAt, settings }: ScheduleRecord, arn: string): object {
  return {
    Arn: arn,
    GroupName: group,
    Name: name,
    State: settings.state,
    CreationDate: toSeconds(createdAt),
    LastModificationDate: toSeconds(modifiedAt),
    Target: { Arn: settings.target.arn },
  };
}

function renderSettings(settings: ScheduleSettings): object {
  const { target, windowMinutes, startAt, endAt, description, kmsKeyArn } = settings;
  return {
    ScheduleExpression: settings.expression,
    ScheduleExpressionTimezone: settings.timeZone,
    State: settings.state,
    ActionAfterCompletion: settings.actionAfterCompletion,
    FlexibleTimeWindow:
      windowMinutes === 0 ? { Mode: "OFF" } : { Mode: "FLEXIBLE", MaximumWindowInMinutes: windowMinutes },
    ...(startAt !== undefined && { StartDate: toSeconds(startAt) }),
    ...(endAt !== undefined && { EndDate: toSeconds(endAt) }),
    ...(description !== undefined && { Description: description }),
    ...(kmsKeyArn !== undefined && { KmsKeyArn: kmsKeyArn }),
    Target: {
      Arn: target.arn,
      RoleArn: target.roleArn,
      ...(target.input !== undefined && { Input: target.input }),
      ...(target.messageGroupId !== undefined && { SqsParameters: { MessageGroupId: target.messageGroupId } }),
      ...(target.deadLetterArn !== undefined && { DeadLetterConfig: { Arn: target.deadLetterArn } }),
      RetryPolicy: {
        MaximumEventAgeInSeconds: target.maximumEventAgeInSeconds,
        MaximumRetryAttempts: target.maximumRetryAttempts,
      },
    },
  };
}

function readName({ parameters }: SchedulerCall, groupName: string | undefined): ScheduleName {
  const violations = createViolations();
  const name = checkName(violations, "name", parameters["Name"] ?? "");
  const group = checkName(violations, "groupName", groupName ?? DEFAULT_GROUP);
  violations.throwAny();
  return { group, name };
}

function splitName(text: string): ScheduleName {
  const [group = "", name = ""] = text.split(SEPARATOR);
  return { group, name };
}
