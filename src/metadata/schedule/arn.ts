import type { ScheduleName, ScheduleOwner } from "./protocol.ts";

export function formatScheduleArn({ accountId, region }: ScheduleOwner, { group, name }: ScheduleName): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
}

export function formatGroupArn({ accountId, region }: ScheduleOwner, group: string): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule-group/${group}`;
}
