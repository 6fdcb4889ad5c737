import { expect, test } from "vitest";
import { Query } from "../../src/lib/query.ts";
import { schedulerOperations } from "../../src/scheduler/operations.ts";
import { matchSchedulerOperation } from "../../src/scheduler/service.ts";

/** Requests as the official SDK sends them. */
const SDK_REQUESTS = [
  ["POST /schedules/s", "CreateSchedule"],
  ["POST /schedule-groups/g", "CreateScheduleGroup"],
  ["DELETE /schedules/s?groupName=g&clientToken=t", "DeleteSchedule"],
  ["DELETE /schedule-groups/g?clientToken=t", "DeleteScheduleGroup"],
  ["GET /schedules/s?groupName=g", "GetSchedule"],
  ["GET /schedule-groups/g", "GetScheduleGroup"],
  ["GET /schedule-groups?MaxResults=1", "ListScheduleGroups"],
  ["GET /schedules?ScheduleGroup=g&NamePrefix=a", "ListSchedules"],
  ["GET /tags/arn%3Aaws%3Ascheduler%3Aus-east-1%3A123456789012%3Aschedule-group%2Fg", "ListTagsForResource"],
  ["POST /tags/arn:aws:scheduler:us-east-1:123456789012:schedule-group/g", "TagResource"],
  ["DELETE /tags/arn%3Aaws%3Ascheduler%3Aus-east-1%3A123456789012%3Aschedule-group%2Fg?TagKeys=k", "UntagResource"],
  ["PUT /schedules/s", "UpdateSchedule"],
] as const;

function match(request: string) {
  const [, method, path, query] = /^(\S+) ([^?\s]+)(?:\?(\S*))?$/.exec(request)!;
  return matchSchedulerOperation(method!, path!, new Query(query ?? ""), new Headers());
}

test.each(SDK_REQUESTS)("%s is %s", (request, operation) => {
  expect(match(request).operation.name).toBe(operation);
});

test("the ARN of a group is one parameter, however it is written", () => {
  const arns = SDK_REQUESTS.filter(([request]) => request.includes("/tags/")).map(
    ([request]) => match(request).parameters,
  );
  expect(new Set(arns.map(({ ResourceArn }) => ResourceArn))).toEqual(
    new Set(["arn:aws:scheduler:us-east-1:123456789012:schedule-group/g"]),
  );
});

test("every operation has a golden line", () => {
  expect(new Set(SDK_REQUESTS.map(([, name]) => name))).toEqual(new Set(schedulerOperations.map(({ name }) => name)));
});

test.each(["GET /schedules/a/b", "PATCH /schedules/a", "GET /nothing"])("%s is no operation", (request) => {
  expect(() => match(request)).toThrow(expect.objectContaining({ code: "UnknownOperationException" }));
});
