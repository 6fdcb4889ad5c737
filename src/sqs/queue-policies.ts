import type { NamedPolicy } from "../auth/policy/evaluate.ts";
import { parsePolicy, PolicySyntaxError } from "../auth/policy/parse.ts";
import type { Env } from "../env.ts";
import { TimedCache } from "../lib/timed-cache.ts";
import { queueOf } from "../metadata/queue/client.ts";
import type { QueueAddress } from "../metadata/queue/protocol.ts";

/** A queue's policy counts within ten seconds in every isolate, as those of users do; AWS says a minute. */
const KNOWN = { fresh: 8_000, usable: 10_000 };
const UNKNOWN = { fresh: 2_000, usable: 2_000 };

interface QueuePolicy {
  readonly exists: boolean;
  readonly named: readonly NamedPolicy[];
}

type QueuesEnv = Pick<Env, "QUEUES">;

/** The policies of queues, as an isolate knows them: deciding costs a call of the queue every eight seconds. */
export class QueuePolicies {
  readonly #env: QueuesEnv;
  readonly #cache = new TimedCache<QueuePolicy>({
    limit: 5_000,
    lifetime: ({ exists }) => (exists ? KNOWN : UNKNOWN),
  });

  constructor(env: QueuesEnv) {
    this.#env = env;
  }

  async read(address: QueueAddress): Promise<QueuePolicy> {
    return this.#cache.read(nameOf(address), async () => {
      const record = await queueOf(this.#env, address).find();
      return { exists: record !== undefined, named: readPolicies(address, record?.attributes["Policy"]) };
    });
  }

  /** To be called after each change of the queue by this isolate, so that it counts here at once. */
  forget(address: QueueAddress): void {
    this.#cache.forget(nameOf(address));
  }
}

function nameOf({ accountId, name }: QueueAddress): string {
  return `${accountId}/${name}`;
}

/** One that cannot be read allows nothing: it was checked when it was set. */
function readPolicies({ name }: QueueAddress, text: string | undefined): readonly NamedPolicy[] {
  if (!text) return [];
  try {
    return [{ name: `queue ${name}`, policy: parsePolicy(text, "resource") }];
  } catch (error) {
    if (error instanceof PolicySyntaxError) return [];
    throw error;
  }
}

const policies = new WeakMap<object, QueuePolicies>();

/** The isolate's policies of the queues of a deployment. */
export function queuePoliciesOf(env: QueuesEnv): QueuePolicies {
  const known = policies.get(env);
  if (known) return known;
  const created = new QueuePolicies(env);
  policies.set(env, created);
  return created;
}
