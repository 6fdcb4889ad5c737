import type { Env } from "../../env.ts";
import { parseFunctionArn } from "../function/arn.ts";
import type { uncachedFunctions } from "../function/client.ts";
import { acceptEvents } from "../function/events-client.ts";
import { formatScheduleArn } from "./arn.ts";
import type { Firing } from "./firings.ts";
import type { ScheduleOwner } from "./protocol.ts";

type Functions = Pick<ReturnType<typeof uncachedFunctions>, "findFunction">;

/**
 * Hands an invocation to its target, durably when it answers; an invocation that was handed over before is not
 * taken twice. Throws when there is no such target, or it cannot take it now.
 */
export async function deliverFiring(
  env: Pick<Env, "FUNCTION_EVENTS">,
  functions: Functions,
  owner: ScheduleOwner,
  firing: Firing,
): Promise<void> {
  const target = parseFunctionArn(firing.target.arn);
  if (!target) throw new Error(`no target ${firing.target.arn}`);
  const { accountId, name: functionName, qualifier } = target;
  const found = await functions.findFunction(accountId, functionName, qualifier ?? "$LATEST");
  if (!found) throw new Error(`there is no function ${firing.target.arn}`);
  const payload = Buffer.from(renderInput(owner, firing));
  await acceptEvents(env, { accountId, functionName }, [
    { id: firing.id, payload, source: "scheduler", ...(qualifier !== undefined && { qualifier }) },
  ]);
}

/** The target's input, with what the Scheduler knows in the place of its context attributes. */
function renderInput(owner: ScheduleOwner, firing: Firing): string {
  const arn = formatScheduleArn(owner, firing);
  const time = new Date(firing.scheduled).toISOString().replace(/\.\d+Z$/, "Z");
  const { input } = firing.target;
  if (input === undefined) return JSON.stringify(createEvent(owner, firing.id, arn, time));
  return input
    .replaceAll("<aws.scheduler.schedule-arn>", arn)
    .replaceAll("<aws.scheduler.scheduled-time>", time)
    .replaceAll("<aws.scheduler.execution-id>", firing.id)
    .replaceAll("<aws.scheduler.attempt-number>", String(firing.attempts + 1));
}

/** What a target without an input gets. */
function createEvent({ accountId, region }: ScheduleOwner, id: string, arn: string, time: string): object {
  return {
    version: "0",
    id,
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account: accountId,
    time,
    region,
    resources: [arn],
    detail: "{}",
  };
}
