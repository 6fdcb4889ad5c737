import type { Env } from "../../env.ts";
import type { QueueAddress, QueueApi, QueueDirectoryApi } from "./protocol.ts";

/** A queue's object. The stub belongs to the request that made it: do not keep it. */
export function queueOf(env: Pick<Env, "QUEUES">, { accountId, name }: QueueAddress): QueueApi {
  return env.QUEUES.getByName(`${accountId}:${name}`);
}

export function queueDirectoryOf(env: Pick<Env, "QUEUE_DIRECTORY">, accountId: string): QueueDirectoryApi {
  return env.QUEUE_DIRECTORY.getByName(accountId);
}
