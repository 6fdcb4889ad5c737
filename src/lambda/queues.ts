import { parseQueueArn } from "../metadata/queue/settings.ts";
import type { LambdaCall } from "./call.ts";
import { invalidParameter } from "./errors.ts";

/**
 * Checks that an ARN names a standard queue of the function's account, which is there.
 * @throws ServiceError InvalidParameterValueException
 */
export async function checkQueue(call: Pick<LambdaCall, "ports" | "region" | "target">, arn: string): Promise<void> {
  const queue = parseQueueArn(arn);
  const isOwn = queue?.accountId === call.target.accountId && queue.region === call.region;
  if (!queue || !isOwn) throw invalidParameter(`${arn} is not a queue of this account and region.`);
  if (queue.name.endsWith(".fifo")) throw invalidParameter(`FIFO queues are not supported as destinations: ${arn}`);
  if (!(await call.ports.queue(queue).find())) throw invalidParameter(`The queue ${arn} does not exist.`);
}
