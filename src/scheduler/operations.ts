import type { SchedulerOperation } from "./call.ts";
import * as groups from "./groups.ts";
import * as schedules from "./schedules.ts";

/** EventBridge Scheduler, API of 2021-06-30: all of it. */
// oxfmt-ignore
export const schedulerOperations: readonly SchedulerOperation[] = [
  { name: "CreateSchedule", method: "POST", path: "/schedules/{Name}", access: "scheduler:CreateSchedule", handle: schedules.createSchedule },
  { name: "GetSchedule", method: "GET", path: "/schedules/{Name}", access: "scheduler:GetSchedule", handle: schedules.getSchedule },
  { name: "UpdateSchedule", method: "PUT", path: "/schedules/{Name}", access: "scheduler:UpdateSchedule", handle: schedules.updateSchedule },
  { name: "DeleteSchedule", method: "DELETE", path: "/schedules/{Name}", access: "scheduler:DeleteSchedule", handle: schedules.deleteSchedule },
  { name: "ListSchedules", method: "GET", path: "/schedules", access: "scheduler:ListSchedules", handle: schedules.listSchedules },
  { name: "CreateScheduleGroup", method: "POST", path: "/schedule-groups/{Name}", access: "scheduler:CreateScheduleGroup", handle: groups.createScheduleGroup },
  { name: "GetScheduleGroup", method: "GET", path: "/schedule-groups/{Name}", access: "scheduler:GetScheduleGroup", handle: groups.getScheduleGroup },
  { name: "DeleteScheduleGroup", method: "DELETE", path: "/schedule-groups/{Name}", access: "scheduler:DeleteScheduleGroup", handle: groups.deleteScheduleGroup },
  { name: "ListScheduleGroups", method: "GET", path: "/schedule-groups", access: "scheduler:ListScheduleGroups", handle: groups.listScheduleGroups },
  { name: "TagResource", method: "POST", path: "/tags/{ResourceArn}", access: "scheduler:TagResource", handle: groups.tagResource },
  { name: "UntagResource", method: "DELETE", path: "/tags/{ResourceArn}", access: "scheduler:UntagResource", handle: groups.untagResource },
  { name: "ListTagsForResource", method: "GET", path: "/tags/{ResourceArn}", access: "scheduler:ListTagsForResource", handle: groups.listTagsForResource },
];
