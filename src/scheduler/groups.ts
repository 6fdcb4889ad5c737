import type { JsonInput } from "../lib/json-input.ts";
import { formatGroupArn } from "../metadata/schedule/arn.ts";
import type { GroupRecord, ScheduleOwner } from "../metadata/schedule/protocol.ts";
import {
  checkName,
  createViolations,
  readInput,
  readPaging,
  type SchedulerCall,
  toSeconds,
  writeToken,
} from "./call.ts";
import { groupNotFound, schedulerError } from "./errors.ts";

const GROUP_ARN = /^arn:aws(-[a-z]+)?:scheduler:[a-z0-9-]+:\d{12}:schedule-group\/([0-9a-zA-Z\-_.]+)$/;

/** CreateScheduleGroup. */
export async function createScheduleGroup(call: SchedulerCall): Promise<object> {
  const input = readInput(call);
  const token = input.text("ClientToken", { min: 1, max: 64, pattern: /^[a-zA-Z0-9-_]+$/ });
  const tags = readTags(input);
  input.finish();
  const name = readName(call);
  const outcome = await call.schedules.createGroup(name, tags, token);
  if (outcome !== "created") throw schedulerError("ConflictException", `Schedule group ${name} already exists.`);
  return { ScheduleGroupArn: formatGroupArn(call.owner, name) };
}

/** GetScheduleGroup. */
export async function getScheduleGroup(call: SchedulerCall): Promise<object> {
  const name = readName(call);
  const group = await call.schedules.findGroup(name);
  if (!group) throw groupNotFound(name);
  return renderGroup(call.owner, group);
}

/** DeleteScheduleGroup: with the schedules in it. */
export async function deleteScheduleGroup(call: SchedulerCall): Promise<object> {
  const name = readName(call);
  if (name === "default") throw schedulerError("ValidationException", "The default schedule group cannot be deleted.");
  if (!(await call.schedules.deleteGroup(name))) throw groupNotFound(name);
  return {};
}

/** ListScheduleGroups. */
export async function listScheduleGroups({ query, schedules, owner }: SchedulerCall): Promise<object> {
  const violations = createViolations();
  const prefix = query.get("NamePrefix");
  if (prefix !== undefined) checkName(violations, "namePrefix", prefix);
  const { limit, after } = readPaging(query, violations);
  violations.throwAny();
  const { items, more } = await schedules.listGroups(prefix ?? "", after, limit);
  const last = items.at(-1);
  return {
    ScheduleGroups: items.map((group) => renderGroup(owner, group)),
    ...(more && last && { NextToken: writeToken(last.name) }),
  };
}

/** TagResource; of groups, as on AWS. */
export async function tagResource(call: SchedulerCall): Promise<object> {
  const input = readInput(call);
  const tags = readTags(input);
  if (!input.has("Tags")) input.violate("Tags", "null", "not be null");
  input.finish();
  const name = readResource(call);
  const outcome = await call.schedules.putTags(name, tags);
  if (outcome === "none") throw groupNotFound(name);
  if (outcome === "too-many") throw schedulerError("ValidationException", "A schedule group can have at most 50 tags.");
  return {};
}

/** UntagResource. */
export async function untagResource(call: SchedulerCall): Promise<object> {
  const name = readResource(call);
  if (!(await call.schedules.removeTags(name, call.query.all("TagKeys")))) throw groupNotFound(name);
  return {};
}

/** ListTagsForResource. */
export async function listTagsForResource(call: SchedulerCall): Promise<object> {
  const name = readResource(call);
  const group = await call.schedules.findGroup(name);
  if (!group) throw groupNotFound(name);
  return { Tags: Object.entries(group.tags).map(([Key, Value]) => ({ Key, Value })) };
}

function renderGroup(owner: ScheduleOwner, { name, createdAt, modifiedAt }: GroupRecord): object {
  return {
    Arn: formatGroupArn(owner, name),
    Name: name,
    State: "ACTIVE",
    CreationDate: toSeconds(createdAt),
    LastModificationDate: toSeconds(modifiedAt),
  };
}

function readTags(input: JsonInput): Record<string, string> {
  const tags = (input.structures("Tags") ?? []).map((tag) => [
    tag.requireText("Key", { min: 1, max: 128 }),
    tag.requireText("Value", { min: 1, max: 256 }),
  ]);
  return Object.fromEntries(tags) as Record<string, string>;
}

function readName({ parameters }: SchedulerCall): string {
  const violations = createViolations();
  const name = checkName(violations, "name", parameters["Name"] ?? "");
  violations.throwAny();
  return name;
}

/** The group that an ARN names. */
function readResource({ parameters, owner }: SchedulerCall): string {
  const arn = parameters["ResourceArn"] ?? "";
  const name = GROUP_ARN.exec(arn)?.[2];
  if (name === undefined) throw schedulerError("ValidationException", `${arn} is not the ARN of a schedule group.`);
  if (formatGroupArn(owner, name) !== arn) throw groupNotFound(name);
  return name;
}
